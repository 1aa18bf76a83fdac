import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { logger, metrics, withTelemetry } from '../../../lambdas/runtime/telemetry.ts';

interface Input {
  readonly runId: string;
  readonly events: number;
  /** How many invocations must have begun before this one goes on. */
  readonly count: number;
}

let meeting: (() => void)[] = [];

/** As the product's handlers do, with other invocations between what it says of itself and what it logs. */
export const handler = withTelemetry(async ({ runId, events, count }: Input) => {
  logger.appendKeys({ run: runId });
  metrics.addMetric('Events', MetricUnit.Count, events);
  await new Promise<void>((resolve) => {
    meeting.push(resolve);
    if (meeting.length < count) return;
    for (const goOn of meeting) goOn();
    meeting = [];
  });
  logger.info('goes on');
});
