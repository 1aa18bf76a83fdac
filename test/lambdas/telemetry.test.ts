import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { describe, expect, test } from '@jest/globals';
import { type Handler, invoke, logsIn, metricsIn } from '../support/handler.ts';

process.env['POWERTOOLS_METRICS_NAMESPACE'] = 'Outbox';
process.env['POWERTOOLS_SERVICE_NAME'] = 'outbox';
const { metrics, withTelemetry } = await import('../../lambdas/runtime/telemetry.ts');

const count = () => metrics.addMetric('Events', MetricUnit.Count, 1);
const handlerOf = (step: () => Promise<unknown>) => withTelemetry(step) as Handler;

describe('a step with telemetry', () => {
  test('a step without counts and logs prints nothing', async () => {
    const { result, printed } = await invoke(
      handlerOf(async () => 'done'),
      {},
    );

    expect(result).toBe('done');
    expect(printed).toEqual([]);
  });

  test('a step prints its metrics after success, separately for each invocation', async () => {
    const handler = handlerOf(async () => count());

    const first = await invoke(handler, {});
    const second = await invoke(handler, {});

    expect(metricsIn(first)).toEqual({ 'Outbox/Events': 1 });
    expect(metricsIn(second)).toEqual({ 'Outbox/Events': 1 });
    expect(JSON.parse(first.printed[0] ?? '')).toMatchObject({ service: 'outbox' });
  });

  test('a step that fails prints its metrics and leaves nothing for the next invocation', async () => {
    const failed = await invoke(
      handlerOf(async () => {
        count();
        throw new Error('why');
      }),
      {},
    );
    const next = await invoke(
      handlerOf(async () => 'done'),
      {},
    );

    expect(metricsIn(failed)).toEqual({ 'Outbox/Events': 1 });
    expect(next.printed).toEqual([]);
  });

  test('a step rethrows the original error and logs it with its cause and the execution', async () => {
    const error = new Error('why', { cause: new Error('the reason') });

    const invocation = await invoke(
      handlerOf(() => Promise.reject(error)),
      { runId: 'arn:execution' },
    );

    expect(invocation.error).toBe(error);
    expect(logsIn(invocation)).toMatchObject([
      {
        level: 'ERROR',
        message: 'step failed',
        service: 'outbox',
        function_request_id: 'request-1',
        executionId: 'arn:execution',
        error: { message: 'why', cause: { message: 'the reason' } },
      },
    ]);
  });
});
