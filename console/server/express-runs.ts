import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { RunSummary } from '../api.ts';
import { type LogLine, readLogLines, textOf } from './log-lines.ts';
import { type DescribedMachine, logGroupOf } from './machines.ts';

/** Express runs of one state machine as far as they were read, from now backward. */
export interface ExpressRuns {
  /** Newest first. */
  list(): readonly RunSummary[];
  get(arn: string): RunSummary | undefined;
  /** Everything since then is known, in milliseconds since 1970. */
  knownSince(): number;
  /** Reads what happened since the last time. */
  refresh(): Promise<void>;
  /** Reads a window before what is known. False when there is nothing earlier to read. */
  extend(): Promise<boolean>;
}

const MINUTE_MS = 60_000;
const FIRST_WINDOW_MS = 15 * MINUTE_MS;
// AWS ends an Express execution after 5 minutes; a line may be delivered late.
const LONGEST_RUN_MS = 6 * MINUTE_MS;
const FORGOTTEN_AFTER_MS = 60 * MINUTE_MS;
const OLDEST_MS = 32 * 24 * 60 * MINUTE_MS;
const MOST_RUNS = 20_000;
const MOST_PAGES = 6;

const ends: Readonly<Record<string, RunSummary['status']>> = {
  ExecutionSucceeded: 'SUCCEEDED',
  ExecutionFailed: 'FAILED',
  ExecutionTimedOut: 'TIMED_OUT',
  ExecutionAborted: 'ABORTED',
};
const beginningsAndEnds = `{ ${['ExecutionStarted', ...Object.keys(ends)].map((type) => `$.type = "${type}"`).join(' || ')} }`;

/** The run of an Express execution from its first and its last line, either of which may be missing. */
export function toRun(machineArn: string, lines: readonly LogLine[], now: number): RunSummary {
  const start = lines.find(({ type }) => type === 'ExecutionStarted');
  const end = lines.find(({ type }) => type in ends);
  const { executionArn, at } = start ?? end ?? { executionArn: '', at: 0 };
  const output = textOf(end?.details['output']);
  const { error, cause } = end?.details ?? {};
  const input = parse(textOf(start?.details['input'])) as { readonly dryRun?: unknown } | undefined;
  return {
    arn: executionArn,
    machineArn,
    name: executionArn.split(':')[7] ?? '',
    status:
      end === undefined ? (now - at > LONGEST_RUN_MS ? 'UNKNOWN' : 'RUNNING') : (ends[end.type] ?? 'UNKNOWN'),
    startedAt: new Date(at).toISOString(),
    stoppedAt: end === undefined ? null : new Date(end.at).toISOString(),
    ...(output !== undefined && { output: parse(output) }),
    ...(typeof error === 'string' && { error }),
    ...(typeof cause === 'string' && { cause }),
    ...(input?.dryRun === true && { dryRun: true as const }),
  };
}

export function createExpressRuns(
  logs: CloudWatchLogsClient,
  machine: DescribedMachine,
  now: () => number = Date.now,
): ExpressRuns {
  const known = new Map<string, LogLine[]>();
  let since: number | undefined;
  let until = 0;
  let window = FIRST_WINDOW_MS;

  /** Lines of the runs that began in the window; a run ends at most some minutes later. */
  async function read(from: number, to: number): Promise<boolean> {
    const { lines, more } = await readLogLines(logs, {
      logGroupName: logGroupOf(machine),
      filterPattern: beginningsAndEnds,
      from,
      to: to + LONGEST_RUN_MS,
      maxPages: MOST_PAGES,
    });
    if (more && to - from > 1_000) return false;
    for (const line of lines) {
      const ofRun = known.get(line.executionArn) ?? [];
      known.set(line.executionArn, ofRun);
      if (!ofRun.some(({ id }) => id === line.id)) ofRun.push(line);
    }
    return true;
  }

  /** As much of the range as can be read at once, from its end. */
  async function readBackward(from: number, to: number): Promise<number> {
    for (let begin = from; ; begin = to - Math.ceil((to - begin) / 8))
      if (await read(begin, to)) return begin;
  }

  return {
    knownSince: () => since ?? now(),
    get(arn) {
      const lines = known.get(arn);
      return lines && toRun(machine.arn, lines, now());
    },
    list() {
      const first = since ?? 0;
      return (
        [...known.values()]
          .map((lines) => toRun(machine.arn, lines, now()))
          // What began earlier is known by its end only.
          .filter(({ startedAt }) => Date.parse(startedAt) >= first)
          .sort((one, other) => Date.parse(other.startedAt) - Date.parse(one.startedAt))
      );
    },
    async refresh() {
      const at = now();
      if (since !== undefined && at - until < FORGOTTEN_AFTER_MS) {
        const from = until - LONGEST_RUN_MS;
        if (await read(from, at)) {
          until = at;
          return;
        }
      }
      known.clear();
      since = await readBackward(at - FIRST_WINDOW_MS, at);
      until = at;
      window = FIRST_WINDOW_MS;
    },
    async extend() {
      if (since === undefined || since <= now() - OLDEST_MS || known.size >= MOST_RUNS) return false;
      const before = since;
      window *= 4;
      since = await readBackward(Math.max(before - window, now() - OLDEST_MS), before);
      if (before - since < window) window = Math.max(FIRST_WINDOW_MS, before - since);
      return true;
    },
  };
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A text that is too long for a log is cut.
    return text;
  }
}
