import type { ScheduleResource } from '../../template/schedule.ts';
import type { Authorize } from '../iam/authorize.ts';
import type { ExecutionRunner } from '../step-functions/execution-runner.ts';
import type { ExecutionRecord } from '../step-functions/executions.ts';

export interface SchedulerOptions {
  readonly schedules: readonly ScheduleResource[];
  /** The state machine that a tick starts. */
  readonly tickedArn: string;
  /** Seconds between two ticks, 0 for none at all; undefined for the deployed rates. */
  readonly tickSeconds: number | undefined;
  readonly runner: ExecutionRunner;
  readonly authorize: Authorize;
  /** Called when a firing started nothing. On AWS it would go to the schedule's dead-letter queue. */
  readonly report: (problem: string) => void;
}

export interface Scheduler {
  /** Fires the schedules of the ticked state machine now, each of them, and answers with the run of the first. */
  tick(): ExecutionRecord;
  stop(): void;
}

const secondsPerUnit: Readonly<Record<string, number>> = { minute: 60, hour: 3_600, day: 86_400 };

/** Seconds between two firings of `rate(5 minutes)`. */
export function rateSeconds(expression: string): number {
  const [, value, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const seconds = Number(value) * (secondsPerUnit[unit ?? ''] ?? Number.NaN);
  if (!(seconds > 0))
    throw new Error(`unsupported schedule expression ${expression}: expected rate(N minutes|hours|days)`);
  return seconds;
}

/** EventBridge Scheduler: starts the schedules' targets. */
export function startScheduler({
  schedules,
  tickedArn,
  tickSeconds,
  runner,
  authorize,
  report,
}: SchedulerOptions): Scheduler {
  const ticked = schedules.filter(({ targetArn }) => targetArn === tickedArn);
  const [first, ...others] = ticked;
  if (first === undefined) throw new Error(`no schedule of the template starts ${tickedArn}`);
  const fire = ({ name, targetArn, input, roleArn }: ScheduleResource) => {
    authorize({ roleArn, session: name }, 'states:StartExecution', targetArn, 403);
    return runner.start(targetArn, input);
  };
  const fireUnattended = (schedule: ScheduleResource) => {
    try {
      fire(schedule);
    } catch (error) {
      report(`schedule ${schedule.name} started nothing: ${error instanceof Error ? error.message : error}`);
    }
  };
  const timers = schedules
    .filter(({ enabled }) => enabled && tickSeconds !== 0)
    .map((schedule) => {
      const seconds =
        ticked.includes(schedule) && tickSeconds !== undefined
          ? tickSeconds
          : rateSeconds(schedule.expression);
      return setInterval(fireUnattended, seconds * 1_000, schedule);
    });
  return {
    tick() {
      others.forEach(fireUnattended);
      return fire(first);
    },
    stop: () => timers.forEach(clearInterval),
  };
}
