import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';

/** JSON logs; the service name comes from the stack, and POWERTOOLS_LOG_LEVEL may be set by hand. */
export const logger = new Logger();

/** CloudWatch metrics in embedded metric format; POWERTOOLS_METRICS_NAMESPACE comes from the stack. */
export const metrics = new Metrics();

/** What every Task's input may carry: the execution that asks, so that every log line names it. */
export interface FromRun {
  readonly runId?: string;
}

/** Wraps a step as a Lambda handler: logs carry the request and the execution, metrics are flushed at the end. */
export function withTelemetry<Input extends FromRun | undefined, Output>(
  step: (input: Input) => Promise<Output>,
) {
  return middy<Input, Output>()
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use({ after: flushMetrics, onError: flushMetrics })
    .before(({ event }) => {
      if (event?.runId !== undefined) logger.appendKeys({ executionId: event.runId });
    })
    .onError(({ error }) => {
      // What is thrown travels through the state in short form; the log gets its cause too. Middy rethrows it.
      logger.error('step failed', { error });
    })
    .handler((event: Input) => step(event));
}

/** Powertools' own middleware warns on every invocation that has nothing to count, which is most of them. */
function flushMetrics(): void {
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
}
