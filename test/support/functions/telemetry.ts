import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { logger, metrics, withTelemetry } from '../../../lambdas/runtime/telemetry.ts';

interface Input {
  readonly runId: string;
  readonly events: number;
  /** The number of invocations that must have started before this one continues. */
  readonly count: number;
}

let meeting: (() => void)[] = [];

/** Logs as the product's handlers do, while other invocations run between its context and its log line. */
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
