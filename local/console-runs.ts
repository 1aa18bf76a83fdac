import { AwsError } from '../twin/http/aws-error.ts';
import type { HistoryEvent } from '../twin/services/step-functions/asl/history.ts';
import type { ExecutionRecord, Executions } from '../twin/services/step-functions/executions.ts';
import { toHistoryEvent } from '../twin/services/step-functions/history-event.ts';

const MOST_LISTED = 100;
const CAUSE_CHARACTERS = 600;

/** The newest runs of one or all state machines. Runs that found nothing are counted and, by default, left out. */
export function listRuns(executions: Executions, machineArn: string | undefined, withIdle: boolean): object {
  const all = executions.list(machineArn);
  const idle = withIdle ? 0 : all.filter(foundNothing).length;
  const shown = withIdle ? all : all.filter((record) => !foundNothing(record));
  return { runs: shown.slice(0, MOST_LISTED).map(summarize), total: all.length, idle };
}

/** One run with its history after event `after`, without inputs and outputs, which are most of its bytes. */
export function readRun(executions: Executions, executionArn: string, after: number): object {
  const record = find(executions, executionArn);
  const { input, output, history } = record;
  return {
    ...summarize(record),
    input: JSON.stringify(input, null, 2),
    output: output === undefined ? undefined : JSON.stringify(output, null, 2),
    cause: record.cause,
    // An old run whose history was removed to make room for newer ones.
    forgotten: record.status !== 'RUNNING' && history.length === 0,
    events: history.filter(({ id }) => id > after).map(lean),
  };
}

/** One complete event of a run's history. */
export function readRunEvent(executions: Executions, executionArn: string, id: number): object {
  const event = find(executions, executionArn).history.find((candidate) => candidate.id === id);
  if (event === undefined)
    throw new AwsError('NotFound', `the history of ${executionArn} has no event ${id}`, 404);
  return toHistoryEvent(event);
}

function find(executions: Executions, executionArn: string): ExecutionRecord {
  const record = executions.get(executionArn);
  if (record === undefined) throw new AwsError('NotFound', `no execution ${executionArn}`, 404);
  return record;
}

function foundNothing({ status, output }: ExecutionRecord): boolean {
  const { claimed, failedForGood, purged } = (output ?? {}) as Record<string, unknown>;
  return status === 'SUCCEEDED' && ((claimed === 0 && failedForGood === 0) || purged === 0);
}

function summarize(record: ExecutionRecord): object {
  const { executionArn, stateMachineArn, name, status, startDate, stopDate, output, error, input } = record;
  const { dryRun } = (input ?? {}) as { dryRun?: unknown };
  return {
    executionArn,
    machine: stateMachineArn.slice(stateMachineArn.lastIndexOf(':') + 1),
    stateMachineArn,
    name,
    status,
    startDate,
    stopDate,
    dryRun: dryRun === true,
    result: status === 'SUCCEEDED' ? output : undefined,
    error,
    cause: record.cause?.slice(0, CAUSE_CHARACTERS),
  };
}

/** A flat event: its type and the few details that show where the run is and what went wrong. */
function lean({ id, previousEventId, timestamp, type, ...rest }: HistoryEvent): object {
  const [details = {}] = Object.values(rest) as Record<string, unknown>[];
  const { name, index, length, error, cause } = details;
  return { id, previousEventId, timestamp, type, name, index, length, error, cause: cut(cause) };
}

function cut(text: unknown): unknown {
  return typeof text === 'string' ? text.slice(0, CAUSE_CHARACTERS) : text;
}
