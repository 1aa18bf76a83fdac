import { beforeEach, describe, expect, test } from '@jest/globals';
import { coldStart, invoke, logsIn, metricsIn } from '../support/handler.ts';
import {
  environment,
  leaseToken,
  rdsData,
  recorded,
  runId,
  sentParameters,
  settings,
} from '../support/outcome-handlers.ts';

beforeEach(() => {
  rdsData.reset();
});

describe('mark-failed', () => {
  const input = {
    leaseToken,
    outcomes: [
      { eventId: 'e-1', error: 'EventRejected', cause: '{"errorMessage":"MalformedDetail: no object"}' },
      { eventId: 'e-2', error: 'Sandbox.Timedout', cause: '' },
      { eventId: 'e-3', error: 'BusUnavailable', cause: '{"errorMessage":"TimeoutError: no answer in 13' },
      {
        eventId: 'e-4',
        error: 'PublishThrottled',
        cause: '{"errorMessage":"ThrottlingException: slow down"}',
      },
    ],
    accepted: 0,
    runId,
  };

  test('records each failure under its kind, with the backoff of the stack', async () => {
    recorded(3, 1, []);

    const invocation = await invoke(await coldStart('mark-failed', environment), input);

    expect(sentParameters()).toEqual({
      leaseToken,
      outcomes: [
        { eventId: 'e-1', kind: 'permanent', errorType: 'MalformedDetail', message: 'no object' },
        { eventId: 'e-2', kind: 'transient', errorType: 'Sandbox.Timedout', message: 'no cause was given' },
        { eventId: 'e-3', kind: 'outage', errorType: 'TimeoutError', message: 'no answer in 13' },
        { eventId: 'e-4', kind: 'throttled', errorType: 'ThrottlingException', message: 'slow down' },
      ],
      ...settings,
      outageDelaySeconds: 30,
      outageLimitSeconds: 86_400,
    });
    expect(invocation.result).toEqual({ recorded: 3, failedForGood: 1, lost: [] });
  });

  test('takes a bus that accepted other events of the batch for no outage', async () => {
    recorded(3, 1, []);

    const invocation = await invoke(await coldStart('mark-failed', environment), { ...input, accepted: 1 });

    const { outcomes } = sentParameters() as { outcomes: { kind: string }[] };
    expect(outcomes.map(({ kind }) => kind)).toEqual(['permanent', 'transient', 'transient', 'throttled']);
    expect(logsIn(invocation)[2]).toMatchObject({ eventId: 'e-3', kind: 'transient' });
  });

  test('logs every failure and counts failed attempts, failed events and lost leases', async () => {
    recorded(3, 1, ['e-2']);

    const invocation = await invoke(await coldStart('mark-failed', environment), input);

    expect(metricsIn(invocation)).toEqual({
      'Outbox/AttemptsFailed': 4,
      'Outbox/EventsFailed': 1,
      'Outbox/LeasesLost': 1,
    });
    expect(logsIn(invocation)).toMatchObject([
      { level: 'ERROR', eventId: 'e-1', errorType: 'MalformedDetail', reason: 'no object' },
      { level: 'ERROR', eventId: 'e-2', errorType: 'Sandbox.Timedout' },
      { level: 'ERROR', eventId: 'e-3', errorType: 'TimeoutError', kind: 'outage' },
      { level: 'ERROR', eventId: 'e-4', errorType: 'ThrottlingException', kind: 'throttled' },
      { level: 'WARN', lost: ['e-2'] },
    ]);
  });
});
