import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { HistoryDetail, HistoryStep, Run } from '../api.ts';
import type { Connection } from './connection.ts';
import { toRun } from './express-runs.ts';
import { type LogLine, readLogLines, textOf } from './log-lines.ts';
import { type DescribedMachine, logGroupOf, type Machines } from './machines.ts';
import { notFound } from './problem.ts';
import type { Runs } from './runs.ts';
import { describeStandardRun, readStandardHistory } from './standard-runs.ts';

const MINUTE_MS = 60_000;
const LONGEST_RUN_MS = 6 * MINUTE_MS;
// A line that is missing for so long will not be delivered any more.
const LATE_MS = 20_000;
const PAGES_AN_ANSWER = 8;
const PAGES_A_SEARCH = 20;
const KEPT_RUNS = 20;
const CAUSE_CHARACTERS = 600;
/** Where a run is looked for of which nothing is known but its ARN: minutes before now. */
const SEARCHED_MINUTES = [15, 180, 24 * 60, 7 * 24 * 60, 32 * 24 * 60];

interface Read {
  readonly startedAt: number;
  /** By id, without inputs and outputs, which are most of the bytes. */
  readonly steps: Map<number, LogLine>;
  /** Lines with inputs and outputs: the first and the last. */
  readonly frame: Map<number, LogLine>;
  /** Time of the newest line. */
  newest: number;
  /** Whether there are lines behind the newest that were not read yet. */
  unread: boolean;
  complete: boolean;
}

export interface Histories {
  /** With its history after event `after`. `at` is about when it began, where the caller knows. */
  run(arn: string, after: number, at: number | undefined): Promise<Run>;
  event(arn: string, id: number, at: number | undefined): Promise<HistoryDetail>;
}

export function createHistories(
  { stepFunctions, logs }: Connection,
  machines: Machines,
  runs: Runs,
): Histories {
  const kept = new Map<string, Read>();

  async function readOf(machine: DescribedMachine, arn: string, at: number | undefined): Promise<Read> {
    const known = kept.get(arn);
    if (known !== undefined) return known;
    const hint = runs.known(arn)?.startedAt;
    const startedAt =
      (hint === undefined ? undefined : Date.parse(hint)) ??
      (await search(logs, logGroupOf(machine), arn, at));
    if (startedAt === undefined)
      throw notFound(
        `CloudWatch Logs has no history of ${arn}`,
        'an Express run of which nothing was logged, or whose log has expired, cannot be shown',
      );
    const added: Read = {
      startedAt,
      steps: new Map(),
      frame: new Map(),
      newest: startedAt,
      unread: false,
      complete: false,
    };
    kept.set(arn, added);
    for (const oldest of kept.keys()) if (kept.size > KEPT_RUNS) kept.delete(oldest);
    return added;
  }

  /** Takes the lines that came since the last look. */
  async function goOn(machine: DescribedMachine, arn: string, read: Read): Promise<void> {
    const { lines, more } = await readLogLines(logs, {
      logGroupName: logGroupOf(machine),
      filterPattern: `{ $.execution_arn = "${arn}" }`,
      // Lines may arrive late, and in any order.
      from: read.unread ? read.newest : Math.max(read.startedAt, Math.min(read.newest, Date.now() - LATE_MS)),
      to: read.startedAt + LONGEST_RUN_MS,
      maxPages: PAGES_AN_ANSWER,
    });
    for (const line of lines) {
      if (/^Execution[A-Z]/.test(line.type)) read.frame.set(line.id, line);
      read.steps.set(line.id, { ...line, details: lean(line.details) });
      read.newest = Math.max(read.newest, line.at);
    }
    read.unread = more;
  }

  async function machineOf(arn: string): Promise<DescribedMachine> {
    const name = arn.split(':')[6];
    const machine = (await machines()).find((candidate) => candidate.name === name);
    if (
      machine === undefined ||
      !/^arn:[\w-]+:states:[\w-]*:\d*:(express|execution):[\w-]+:[^"\s]+$/.test(arn)
    )
      throw notFound(`${arn} is no run of this outbox`);
    return machine;
  }

  return {
    async run(arn, after, at) {
      const machine = await machineOf(arn);
      if (machine.type === 'STANDARD') {
        const [described, lines] = await Promise.all([
          describeStandardRun(stepFunctions, arn),
          readStandardHistory(stepFunctions, arn, false),
        ]);
        return { ...described, events: lines.filter(({ id }) => id > after).map(toStep) };
      }
      const read = await readOf(machine, arn, at);
      if (!read.complete) await goOn(machine, arn, read);
      const lines = settled(read, machine);
      const frame = [...read.frame.values()];
      const logged = toRun(machine.arn, frame.length > 0 ? frame : lines, Date.now());
      const listed = runs.known(arn);
      // The end may be listed while what happened before it is still being read.
      const summary = logged.stoppedAt === null && listed?.stoppedAt ? listed : logged;
      const input = textOf(frame.find(({ type }) => type === 'ExecutionStarted')?.details['input']);
      const truncated = whatIsMissing(lines, read, machine);
      read.complete =
        !read.unread && summary.stoppedAt !== null && Date.parse(summary.stoppedAt) < Date.now() - LATE_MS;
      return {
        ...summary,
        arn,
        ...(input !== undefined && { input }),
        events: lines.filter(({ id }) => id > after).map(toStep),
        ...(truncated !== undefined && { truncated }),
        ...((read.unread || lines.length < read.steps.size) && { more: true as const }),
      };
    },
    async event(arn, id, at) {
      const machine = await machineOf(arn);
      if (machine.type === 'STANDARD') {
        const line = (await readStandardHistory(stepFunctions, arn, true)).find(
          (candidate) => candidate.id === id,
        );
        if (line === undefined) throw notFound(`the history of ${arn} has no event ${id}`);
        return toDetail(line);
      }
      const { steps, startedAt } = await readOf(machine, arn, at);
      const when = steps.get(id)?.at;
      const { lines } = await readLogLines(logs, {
        logGroupName: logGroupOf(machine),
        filterPattern: `{ $.execution_arn = "${arn}" && $.id = "${id}" }`,
        from: when ?? startedAt,
        to: when ?? startedAt + LONGEST_RUN_MS,
        maxPages: PAGES_A_SEARCH,
      });
      const [line] = lines;
      if (line === undefined) throw notFound(`the history of ${arn} has no event ${id}`);
      return toDetail(line);
    },
  };
}

/** When it began, as far as the log says. */
async function search(
  logs: CloudWatchLogsClient,
  logGroupName: string,
  arn: string,
  at: number | undefined,
): Promise<number | undefined> {
  const now = Date.now();
  const ranges = [
    ...(at === undefined ? [] : [[at - LONGEST_RUN_MS, at + LONGEST_RUN_MS]]),
    ...SEARCHED_MINUTES.map((minutes) => [now - minutes * MINUTE_MS, now]),
  ];
  for (const [from = 0, to = now] of ranges) {
    const found = await readLogLines(logs, {
      logGroupName,
      filterPattern: `{ $.execution_arn = "${arn}" }`,
      from,
      to,
      maxPages: PAGES_A_SEARCH,
    });
    if (found.lines.length > 0) return Math.min(...found.lines.map((line) => line.at));
  }
  return undefined;
}

/** In order. Lines arrive in any order: what stands behind a gap waits until the gap is filled, or too old for that. */
function settled({ steps, unread }: Read, { history }: DescribedMachine): readonly LogLine[] {
  const lines = [...steps.values()].sort((one, other) => one.id - other.id);
  if (history === 'errors') return lines;
  const old = Date.now() - LATE_MS;
  const gap = lines.findIndex(
    ({ id, at }, index) => id !== (lines[index - 1]?.id ?? 0) + 1 && (unread || at > old),
  );
  return gap === -1 ? lines : lines.slice(0, gap);
}

function whatIsMissing(
  lines: readonly LogLine[],
  { steps, unread }: Read,
  { history, name }: DescribedMachine,
): string | undefined {
  if (history === 'errors') return `${name} logs what failed only: there is no graph of its runs`;
  if (unread) return `${steps.size} events of its history were read so far`;
  const last = lines.at(-1)?.id ?? 0;
  const missing = last - lines.length;
  if (missing === 0) return undefined;
  return `${missing} of ${last} events of its history are not in CloudWatch Logs, which keeps it as well as it can`;
}

/** The few details that show where the run is and what went wrong. */
function lean({ name, index, length, error, cause }: LogLine['details']): LogLine['details'] {
  const given = { name, index, length, error, cause: textOf(cause)?.slice(0, CAUSE_CHARACTERS) };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function toStep({ id, previousEventId, at, type, details }: LogLine): HistoryStep {
  return { id, previousEventId, timestamp: new Date(at).toISOString(), type, ...lean(details) };
}

function toDetail(line: LogLine): HistoryDetail {
  const cut = Object.entries(line.details)
    .filter(([, value]) => (value as { readonly truncated?: unknown } | null)?.truncated === true)
    .map(([field]) => field.replace(/Details$/, ''));
  return {
    ...toStep(line),
    details: line.details,
    ...(cut.length > 0 && { truncated: `Step Functions cut ${cut.join(' and ')}: a log takes 248 KB of it` }),
  };
}
