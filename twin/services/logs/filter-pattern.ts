import { AwsError } from '../../http/aws-error.ts';

export interface LogFilter {
  /** Where the pattern names one: no other execution needs to be looked at. */
  readonly executionArn: string | undefined;
  accepts(event: object, text: string): boolean;
}

const term = /^(?:"((?:[^"\\]|\\.)*)"|([\w.:/@-]+))$/;
const condition = /^\$\.([\w.]+)\s*(!?=)\s*(.+)$/;

/** Reads `{ $.field = "value" && ... }`, or words and quoted phrases that all have to be in the text. */
export function parseFilter(pattern: string): LogFilter {
  const [, body] = /^\s*\{(.*)\}\s*$/s.exec(pattern) ?? [];
  if (body === undefined) {
    const words = (pattern.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []).map(readValue);
    return { executionArn: undefined, accepts: (_, text) => words.every((word) => text.includes(word)) };
  }
  const conditions = body.split('&&').map((part) => parseCondition(part.trim()));
  return {
    executionArn: conditions.find(({ path, equal }) => path === 'execution_arn' && equal)?.value,
    accepts: (event) =>
      conditions.every(
        ({ path, equal, value }) => (String(valueAt(event, path.split('.'))) === value) === equal,
      ),
  };
}

interface Condition {
  readonly path: string;
  readonly equal: boolean;
  readonly value: string;
}

function parseCondition(part: string): Condition {
  const [, path, operator, value] = condition.exec(part) ?? [];
  if (path === undefined || value === undefined) throw unsupported(part);
  return { path, equal: operator === '=', value: readValue(value.trim()) };
}

function valueAt(event: unknown, [field, ...rest]: readonly string[]): unknown {
  if (field === undefined) return event;
  return typeof event === 'object' && event !== null && Object.hasOwn(event, field)
    ? valueAt((event as Record<string, unknown>)[field], rest)
    : undefined;
}

function readValue(text: string): string {
  const [, quoted, bare] = term.exec(text) ?? [];
  if (quoted !== undefined) return quoted.replace(/\\(.)/g, '$1');
  if (bare === undefined || bare.startsWith('-')) throw unsupported(text);
  return bare;
}

function unsupported(part: string): AwsError {
  return new AwsError(
    'InvalidParameterException',
    `Invalid filter pattern: the twin knows words, "phrases" and { $.field = "value" && ... }, received ${part || 'nothing'}`,
  );
}
