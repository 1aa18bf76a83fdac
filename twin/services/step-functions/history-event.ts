import { region } from '../../arn.ts';
import type { HistoryEvent } from './asl/history.ts';
import { isObject, type Json } from './asl/json.ts';

/** A history event as GetExecutionHistory shows it: inputs, outputs and variables are texts, never truncated. */
export function toHistoryEvent(event: HistoryEvent): object {
  const shown = Object.entries(event).map(([key, value]) =>
    key.endsWith('EventDetails')
      ? [key, inTexts(event.type, value as Json, Number.POSITIVE_INFINITY)]
      : [key, value],
  );
  return Object.fromEntries(shown) as object;
}

// https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html: 248 KB of a text as it is escaped in the log.
const MAX_LOGGED_BYTES = 248 * 1024;

export interface Logging {
  readonly executionArn: string;
  readonly redriveCount: number;
  readonly includeExecutionData: boolean;
}

/** The same event as Step Functions writes it to CloudWatch Logs, where a text that is too long is cut and says so. */
export function toLogEvent(event: HistoryEvent, logging: Logging): object {
  const { id, type, previousEventId, timestamp, ...rest } = event;
  const [given] = Object.values(rest) as Json[];
  const details = given && (logging.includeExecutionData ? given : withoutData(given));
  const before = { id: String(id), type };
  const after = {
    redrive_count: String(logging.redriveCount),
    previous_event_id: String(previousEventId),
    event_timestamp: String(timestamp.getTime()),
    execution_arn: logging.executionArn,
  };
  if (details === undefined) return { ...before, ...after };
  return {
    ...before,
    // Made when they are read: of most events somebody only looks at the type.
    get details() {
      return inTexts(type, details, MAX_LOGGED_BYTES);
    },
    ...after,
  };
}

/** The fields with an execution's data, and the field that says whether it was truncated: parameters have none. */
const dataFields: Readonly<Record<string, string | undefined>> = {
  input: 'inputDetails',
  output: 'outputDetails',
  assignedVariables: 'assignedVariablesDetails',
  parameters: undefined,
};

const withoutData = (details: Json): Json =>
  Object.fromEntries(Object.entries(details).filter(([field]) => !Object.hasOwn(dataFields, field)));

function inTexts(type: string, details: Json, maxBytes: number): object {
  const shown: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(details)) {
    if (!Object.hasOwn(dataFields, field)) {
      shown[field] = value;
      continue;
    }
    const { text, truncated } =
      field === 'assignedVariables' && isObject(value) ? textsOf(value, maxBytes) : textOf(value, maxBytes);
    shown[field] = text;
    const flag = dataFields[field];
    if (flag !== undefined) shown[flag] = { truncated };
  }
  return type === 'TaskScheduled' ? { ...shown, region } : shown;
}

interface Shown<T> {
  readonly text: T;
  readonly truncated: boolean;
}

function textOf(value: unknown, maxBytes: number): Shown<string> {
  const whole = JSON.stringify(value);
  const text = cut(whole, maxBytes);
  return { text, truncated: text.length < whole.length };
}

/** Each variable is a text of its own; together they share the limit. */
function textsOf(variables: Json, maxBytes: number): Shown<object> {
  let left = maxBytes;
  let truncated = false;
  const texts = Object.entries(variables).map(([name, value]) => {
    const shown = textOf(value, left);
    left -= escapedBytes(shown.text);
    truncated ||= shown.truncated;
    return [name, shown.text];
  });
  return { text: Object.fromEntries(texts) as object, truncated };
}

/** The longest prefix that takes no more bytes once it is escaped. */
function cut(text: string, maxBytes: number): string {
  const mostPerCharacter = 6; // a control character as \u001f
  if (text.length * mostPerCharacter <= maxBytes || escapedBytes(text) <= maxBytes) return text;
  let [fits, tooLong] = [0, text.length];
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (escapedBytes(text.slice(0, middle)) <= maxBytes) fits = middle;
    else tooLong = middle;
  }
  // Half of a surrogate pair is no character.
  return text.slice(0, fits).replace(/[\ud800-\udbff]$/, '');
}

const escapedBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - '""'.length;
