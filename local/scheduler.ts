import type { ScheduleResource } from './cloud-assembly.ts';
import type { ExecutionRunner } from './execution-runner.ts';
import type { ExecutionRecord } from './executions.ts';

export interface Scheduler {
  /** Fires the processor's schedule now. */
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

/**
 * EventBridge Scheduler: starts the schedules' targets.
 * @param tickSeconds how often the processor's schedule fires, 0 for never; undefined for its deployed rate
 */
export function startScheduler(
  schedules: readonly ScheduleResource[],
  processorArn: string,
  tickSeconds: number | undefined,
  runner: ExecutionRunner,
): Scheduler {
  const processor = schedules.find(({ targetArn }) => targetArn === processorArn);
  if (processor === undefined) throw new Error(`no schedule of the template starts ${processorArn}`);
  const fire = ({ targetArn, input }: ScheduleResource) => runner.start(targetArn, input);
  const timers = schedules
    .filter(({ enabled }) => enabled && tickSeconds !== 0)
    .map((schedule) => {
      const seconds =
        schedule === processor && tickSeconds !== undefined ? tickSeconds : rateSeconds(schedule.expression);
      return setInterval(() => fire(schedule), seconds * 1_000);
    });
  return {
    tick: () => fire(processor),
    stop: () => timers.forEach(clearInterval),
  };
}
