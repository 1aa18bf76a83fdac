import { randomUUID } from 'node:crypto';
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { fieldsOf, parametersOf } from '../support/data-api-parameters.ts';
import { coldStart, databaseEnvironment, invoke } from '../support/handler.ts';

const rdsData = mockClient(RDSDataClient);
const environment = { ...databaseEnvironment, REDRIVE_BATCH: '1000' };
const runId = 'arn:redrive';
const unrestricted = {
  executionArn: true,
  runIsStopped: false,
  eventIds: true,
  eventType: true,
  aggregateId: true,
  errorType: true,
  failedAfter: true,
  failedBefore: true,
};

/** The database answers with one row of numbers, and JSON texts. */
function answers(...values: (number | string)[]): void {
  rdsData.on(ExecuteStatementCommand).resolves({ records: [fieldsOf(values)] });
}

const sent = () => parametersOf(rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input);

beforeEach(() => {
  rdsData.reset();
});

describe('requeue-events', () => {
  const requeue = async (request: unknown) =>
    invoke(await coldStart('requeue-events', environment), { runId, request });

  test('requeue-events requeues one batch of matching events under its execution and reports whether there are more', async () => {
    answers(1000, 3000, '[]');

    const { result } = await requeue({ eventType: 'DishRated' });

    // A null is sent as isNull: true.
    expect(sent()).toEqual({
      ...unrestricted,
      eventType: 'DishRated',
      redriveId: runId,
      limit: Number.MAX_SAFE_INTEGER,
      batch: 1000,
    });
    expect(result).toEqual({ dryRun: false, events: 3000, more: true });
  });

  test.each([
    ['the batch was not full', 999, 999],
    ['the limit is reached', 1000, 2000],
  ])('requeue-events is done when %s', async (_, requeued, total) => {
    answers(requeued, total, '[]');

    expect((await requeue({ all: true, limit: 2000 })).result).toMatchObject({ more: false });
  });

  test.each([3, 0])(
    'requeue-events throws RowsLocked after it requeued %i events and all others are locked',
    async (requeued) => {
      answers(requeued, 999, '["e-1", "e-2"]');

      expect((await requeue({ all: true })).error).toMatchObject({
        name: 'RowsLocked',
        message: expect.stringMatching(/^another session has locked 2 of \d rows \(e-1, e-2\): /),
      });
    },
  );

  test('requeue-events only counts in a dry run', async () => {
    answers(7);

    const { result } = await requeue({ errorType: 'LeaseExpired', dryRun: true });

    expect(result).toEqual({ dryRun: true, events: 7, more: false });
    expect(rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input.sql).not.toMatch(
      /\bupdate outbox_events\b/,
    );
  });

  test('a dry run says how many of the events were skipped and leave the order of their keys', async () => {
    answers(7, 2);

    const { result } = await requeue({ all: true, dryRun: true });

    expect(result).toEqual({ dryRun: true, events: 7, more: false, outOfOrder: 2 });
  });

  test('requeue-events sends a list of ids as one JSON parameter', async () => {
    answers(1, 1, '[]');
    const eventIds = ['0b5e9a52-8f5c-4a52-9f5e-0d8a5c8f5c4a'];

    await requeue({ eventIds });

    expect(sent()).toMatchObject({ eventIds: JSON.stringify(eventIds) });
  });

  test.each([
    ['of any version', '76e1760a-d17a-f1cd-9453-d8a9d6c994e0'],
    ['in upper case', '76E1760A-D17A-F1CD-9453-D8A9D6C994E0'],
    ['in braces', '{76e1760a-d17a-f1cd-9453-d8a9d6c994e0}'],
    ['without hyphens', '76e1760ad17af1cd9453d8a9d6c994e0'],
  ])('requeue-events accepts an id %s and sends it as PostgreSQL prints it', async (_, id) => {
    answers(1, 1);

    await requeue({ eventIds: [id] });

    expect(sent()).toMatchObject({ eventIds: '["76e1760a-d17a-f1cd-9453-d8a9d6c994e0"]' });
  });

  test('requeue-events accepts as many ids as fit the input of an execution together with all other conditions', async () => {
    answers(1, 1);
    const eventIds = Array.from({ length: 6_500 }, () => randomUUID());
    const request = {
      eventIds,
      executionArn: `arn:aws:states:eu-central-1:111122223333:express:${'p'.repeat(80)}:${randomUUID()}:${randomUUID()}`,
      runIsStopped: true,
      eventType: '\u3042'.repeat(128),
      aggregateId: '\u3042'.repeat(1_000),
      errorType: 'NotAuthorizedForDetailTypeException',
      failedAfter: '2026-11-23T12:00:00.000000+00:00',
      failedBefore: '2026-11-23T12:00:00.000000+00:00',
      limit: 999_999_999,
      dryRun: true,
    };

    expect((await requeue(request)).result).toMatchObject({ dryRun: true });

    expect(Buffer.byteLength(JSON.stringify({ runId, request }))).toBeLessThan(262_144);
  });

  test('requeue-events refuses more ids, in a message that contains the limit and fits the state', async () => {
    const { error } = await requeue({ eventIds: Array.from({ length: 6_501 }, () => randomUUID()) });

    expect(error).toMatchObject({
      name: 'InvalidRedriveRequest',
      message: expect.stringContaining('expected at most 6500 ids: start a redrive for the others'),
    });
    expect((error as Error).message.length).toBeLessThan(2_000);
  });

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['no object', 'all'],
    ['an unknown word', { type: 'DishRated' }],
    ['all and a condition', { all: true, eventType: 'DishRated' }],
    ['an id that is none', { eventIds: ['7'] }],
    ['an event type of 129 characters', { eventType: 'x'.repeat(129) }],
    ['an empty aggregate id', { aggregateId: '' }],
    ['a time without its offset', { failedAfter: '2026-11-23T12:00:00' }],
    ['a stopped run without its name', { all: true, runIsStopped: true }],
    ['a limit of nothing', { all: true, limit: 0 }],
  ])(
    'requeue-events refuses %s as InvalidRedriveRequest, which is not retried, before any query',
    async (_, request) => {
      const { error } = await requeue(request);

      expect(error).toMatchObject({ name: 'InvalidRedriveRequest' });
      expect(rdsData.calls()).toHaveLength(0);
    },
  );
});
