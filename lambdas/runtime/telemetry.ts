import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';

/** JSON logs; the stack sets the service name, and an operator may set POWERTOOLS_LOG_LEVEL. */
export const logger = new Logger();

/** CloudWatch metrics in embedded metric format; the stack sets POWERTOOLS_METRICS_NAMESPACE. */
export const metrics = new Metrics();

/** What the input of every Task may contain: its execution, which every log line names. */
export interface FromRun {
  readonly runId?: string;
}

/** Wraps a step as a Lambda handler: logs contain the request and the execution, metrics are flushed at the end. */
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
      // The state receives a short form of the error; the log also gets its cause. Middy rethrows the error.
      logger.error('step failed', { error });
    })
    .handler((event: Input) => step(event));
}

/** The middleware of Powertools warns on every invocation that counts nothing, and most do not. */
function flushMetrics(): void {
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
}
