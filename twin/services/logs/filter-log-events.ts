import { createHash } from 'node:crypto';
import { AwsError } from '../../http/aws-error.ts';
import type { Operations } from '../../http/aws-protocols.ts';
import type { RequestBody } from '../../http/request.ts';
import type { LogDestination, StateMachineResource } from '../../template/state-machine.ts';
import type { HistoryEvent } from '../step-functions/asl/history.ts';
import type { ExecutionRecord, Executions } from '../step-functions/executions.ts';
import { toLogEvent } from '../step-functions/history-event.ts';
import { parseFilter } from './filter-pattern.ts';

interface Line {
  readonly logStreamName: string;
  readonly timestamp: number;
  readonly eventId: string;
  /** Made when it is read: a page needs few of the lines that match. */
  message(): string;
}

const MOST_EVENTS = 10_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * CloudWatch Logs, as far as Step Functions writes to it: the only history that an Express execution has. It is not
 * kept here a second time: the lines are made from the executions' histories when somebody reads them.
 */
export function createLogs(machines: readonly StateMachineResource[], executions: Executions): Operations {
  function find(request: RequestBody) {
    const name = request.optionalText('logGroupName');
    const identifier = request.optionalText('logGroupIdentifier');
    if ((name === undefined) === (identifier === undefined))
      throw invalid('Exactly one of logGroupName and logGroupIdentifier must be given.');
    const wanted = name ?? identifier?.replace(/^arn:.*:log-group:([^:]+).*$/, '$1');
    for (const { arn, logging } of machines)
      if (logging !== undefined && logging.logGroupName === wanted) return { arn, logging };
    throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
  }

  /** In the order in which they happened, and of one instant in the order of their ids. */
  function select(request: RequestBody): Line[] {
    const { arn, logging } = find(request);
    const { executionArn: only, accepts } = parseFilter(request.optionalText('filterPattern') ?? '');
    const isWanted = within(request, logging.level);
    const isRead = streamsOf(request);
    const lines: Line[] = [];
    for (const record of executions.list(arn).reverse()) {
      if (only !== undefined && only !== record.executionArn) continue;
      const logStreamName = logStreamOf(record);
      if (!isRead(logStreamName)) continue;
      const { executionArn, redriveCount } = record;
      for (const event of record.history.filter(isWanted)) {
        const { includeExecutionData } = logging;
        const logged = toLogEvent(event, { executionArn, redriveCount, includeExecutionData });
        let text: string | undefined;
        const message = () => (text ??= JSON.stringify(logged));
        if (!accepts(logged, message)) continue;
        const timestamp = event.timestamp.getTime();
        lines.push({ logStreamName, timestamp, eventId: `${executionArn}#${event.id}`, message });
      }
    }
    return lines.sort((one, other) => one.timestamp - other.timestamp);
  }

  return {
    async FilterLogEvents(request) {
      const limit = request.optionalNumber('limit') ?? MOST_EVENTS;
      if (!(limit >= 1 && limit <= MOST_EVENTS))
        throw invalid(`limit is ${limit}: expected 1 to ${MOST_EVENTS}`);
      const lines = select(request);
      const from = positionOf(request.optionalText('nextToken'), lines);
      const end = endOfPage(lines, from, limit);
      return {
        events: lines.slice(from, end).map((line) => ({
          ...line,
          message: line.message(),
          ingestionTime: line.timestamp,
        })),
        searchedLogStreams: [],
        ...(end < lines.length && { nextToken: tokenAfter(lines, end) }),
      };
    },
  };
}

// https://docs.aws.amazon.com/step-functions/latest/dg/cloudwatch-log-level.html
const fatal = /^Execution(Aborted|Failed|TimedOut)$/;
const error = /(Aborted|Failed|TimedOut)$|^FailStateEntered$/;
const levels: Readonly<Record<LogDestination['level'], (type: string) => boolean>> = {
  ALL: () => true,
  // A failed evaluation is not among the types that AWS lists for it.
  ERROR: (type) => error.test(type) && type !== 'EvaluationFailed',
  FATAL: (type) => fatal.test(type),
  OFF: () => false,
};

/** Both ends are part of the range. */
function within(request: RequestBody, level: LogDestination['level']): (event: HistoryEvent) => boolean {
  const from = request.optionalNumber('startTime') ?? 0;
  const until = request.optionalNumber('endTime') ?? Number.POSITIVE_INFINITY;
  if (from < 0 || until < from) throw invalid('startTime must not be negative, nor after endTime.');
  return ({ type, timestamp }) => {
    const at = timestamp.getTime();
    return at >= from && at <= until && levels[level](type);
  };
}

function streamsOf(request: RequestBody): (name: string) => boolean {
  const prefix = request.optionalText('logStreamNamePrefix');
  const names = request.has('logStreamNames') ? request.list('logStreamNames') : undefined;
  if (prefix !== undefined && names !== undefined)
    throw invalid('logStreamNamePrefix and logStreamNames cannot be given together.');
  return (name) => names?.includes(name) ?? name.startsWith(prefix ?? '');
}

const logStreams = new WeakMap<ExecutionRecord, string>();

/** `states/<state machine>/<minute>/<hex digits>` */
function logStreamOf(record: ExecutionRecord): string {
  const { executionArn, stateMachineArn, startDate } = record;
  const known = logStreams.get(record);
  if (known !== undefined) return known;
  const minute = startDate.toISOString().slice(0, 16).replace(/[T:]/g, '-');
  const digits = createHash('sha256').update(executionArn).digest('hex').slice(0, 8);
  const name = `states/${stateMachineArn.slice(stateMachineArn.lastIndexOf(':') + 1)}/${minute}/${digits}`;
  logStreams.set(record, name);
  return name;
}

/** `<time of the last line>-<lines of that time that were sent>`: what is forgotten meanwhile moves no position. */
function tokenAfter(lines: readonly Line[], end: number): string {
  const last = lines[end - 1]?.timestamp ?? 0;
  return `${last}-${end - firstAt(last, lines)}`;
}

function positionOf(token: string | undefined, lines: readonly Line[]): number {
  if (token === undefined) return 0;
  const [, time, sent] = /^(\d{1,15})-(\d{1,9})$/.exec(token) ?? [];
  if (time === undefined) throw invalid('The specified nextToken is invalid.');
  return Math.min(lines.length, firstAt(Number(time), lines) + Number(sent));
}

function firstAt(time: number, lines: readonly Line[]): number {
  const first = lines.findIndex(({ timestamp }) => timestamp >= time);
  return first === -1 ? lines.length : first;
}

/** As many lines as fit an answer, and at least one. */
function endOfPage(lines: readonly Line[], from: number, limit: number): number {
  const most = Math.min(lines.length, from + limit);
  let bytes = 0;
  for (let end = from; end < most; end += 1) {
    bytes += Buffer.byteLength(lines[end]?.message() ?? '');
    if (bytes > MAX_ANSWER_BYTES && end > from) return end;
  }
  return most;
}

const invalid = (message: string): AwsError => new AwsError('InvalidParameterException', message);
