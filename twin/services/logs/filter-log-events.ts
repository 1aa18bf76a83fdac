import { AwsError } from '../../http/aws-error.ts';
import type { Operations } from '../../http/aws-protocols.ts';
import type { RequestBody } from '../../http/request.ts';
import type { LogDestination, StateMachineResource } from '../../template/state-machine.ts';
import type { HistoryEvent } from '../step-functions/asl/history.ts';
import type { Executions } from '../step-functions/executions.ts';
import { toLogEvent } from '../step-functions/history-event.ts';
import { parseFilter } from './filter-pattern.ts';

interface Line {
  readonly event: HistoryEvent;
  readonly executionArn: string;
  readonly message: string;
}

const MOST_EVENTS = 10_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/** CloudWatch Logs, as far as Step Functions writes to it: the only history that an Express execution has. */
export function createLogs(machines: readonly StateMachineResource[], executions: Executions): Operations {
  function find(request: RequestBody) {
    const given = request.optionalText('logGroupIdentifier') ?? request.text('logGroupName');
    const name = given.replace(/^arn:.*:log-group:([^:]+).*$/, '$1');
    for (const { arn, logging } of machines) if (logging?.logGroupName === name) return { arn, logging };
    throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
  }

  /** In the order in which they happened. */
  function select(request: RequestBody): Line[] {
    const { arn, logging } = find(request);
    const { executionArn: only, accepts } = parseFilter(request.optionalText('filterPattern') ?? '');
    const isWanted = within(request, logging.level);
    const lines: Line[] = [];
    for (const { executionArn, redriveCount, history } of executions.list(arn)) {
      if (only !== undefined && only !== executionArn) continue;
      for (const event of history.filter(isWanted)) {
        const { includeExecutionData } = logging;
        const logged = toLogEvent(event, { executionArn, redriveCount, includeExecutionData });
        const message = JSON.stringify(logged);
        if (accepts(logged, message)) lines.push({ event, executionArn, message });
      }
    }
    return lines.sort((one, other) => one.event.timestamp.getTime() - other.event.timestamp.getTime());
  }

  return {
    async FilterLogEvents(request) {
      const lines = select(request);
      const from = offsetIn(request);
      const page = pageOf(lines.slice(from), request.optionalNumber('limit') ?? MOST_EVENTS);
      const next = from + page.length;
      return {
        events: page.map(toFilteredLogEvent),
        searchedLogStreams: [],
        ...(next < lines.length && { nextToken: String(next) }),
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
};

function within(request: RequestBody, level: LogDestination['level']): (event: HistoryEvent) => boolean {
  const from = request.optionalNumber('startTime') ?? 0;
  const until = request.optionalNumber('endTime') ?? Number.POSITIVE_INFINITY;
  return ({ type, timestamp }) => {
    const at = timestamp.getTime();
    return at >= from && at < until && levels[level](type);
  };
}

function offsetIn(request: RequestBody): number {
  const token = request.optionalText('nextToken') ?? '0';
  if (!/^\d{1,9}$/.test(token))
    throw new AwsError('InvalidParameterException', 'The specified nextToken is invalid.');
  return Number(token);
}

/** As many as an answer holds, and one at least. */
function pageOf(lines: readonly Line[], limit: number): readonly Line[] {
  let bytes = 0;
  const end = lines.findIndex(({ message }, at) => {
    bytes += Buffer.byteLength(message);
    return at >= Math.min(limit, MOST_EVENTS) || (at > 0 && bytes > MAX_ANSWER_BYTES);
  });
  return end === -1 ? lines : lines.slice(0, end);
}

function toFilteredLogEvent({ event, executionArn, message }: Line): object {
  const timestamp = event.timestamp.getTime();
  return {
    logStreamName: `states/${executionArn.split(':')[6]}/${event.timestamp.toISOString().slice(0, 10)}`,
    timestamp,
    message,
    ingestionTime: timestamp,
    eventId: `${executionArn}#${event.id}`,
  };
}
