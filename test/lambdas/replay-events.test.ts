import { DescribeEventBusCommand, EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { parametersOf } from '../support/data-api-parameters.ts';
import { coldStart, databaseEnvironment, invoke, logsIn, metricsIn } from '../support/handler.ts';

const rdsData = mockClient(RDSDataClient);
const eventBridge = mockClient(EventBridgeClient);
const runId = 'arn:aws:states:us-east-1:000000000000:execution:outbox-replay:1';
const environment = {
  ...databaseEnvironment,
  EVENT_BUS_NAME: 'bellyfed-events',
  EVENT_SOURCE: 'bellyfed.outbox',
  PUBLISH_TIMEOUT_MS: '1300',
  BUS_CHECK_TIMEOUT_MS: '1000',
  REPLAY_WORK_MS: '20000',
};

const text = (stringValue: string) => ({ stringValue });
const number = (longValue: number) => ({ longValue });
const nothing = { isNull: true };

function looks({ paused = false, due = false }): void {
  rdsData
    .on(ExecuteStatementCommand)
    .resolves({ records: [[text('noon'), { booleanValue: paused }, { booleanValue: due }]] });
}

/** The look, and then one answer with these events. */
function finds(...eventIds: readonly string[]): void {
  const rows = eventIds.map((eventId) => [
    ...[text(eventId), text('dish.rated'), text('{"replayId": "r"}'), nothing, number(0), number(1)],
    ...[text(`after ${eventId}`), text('1'), number(9), number(eventIds.length)],
  ]);
  const end = [...Array.from({ length: 6 }, () => nothing), text('end'), text('9'), number(9)];
  rdsData
    .on(ExecuteStatementCommand)
    .resolvesOnce({ records: [[text('noon'), { booleanValue: false }, { booleanValue: false }]] })
    .resolves({ records: [...rows, [...end, number(eventIds.length)]] });
  eventBridge.on(PutEventsCommand).resolves({ Entries: eventIds.map(() => ({ EventId: 'eb' })) });
}

const replay = async (request: unknown, more: object = {}) =>
  invoke(await coldStart('replay-events', environment), {
    ...{ runId, startedAt: '2026-11-23T12:00:00Z', request, cursor: {}, settled: 0, retries: 0 },
    ...more,
  });

const sent = (call: number) =>
  parametersOf(rdsData.commandCalls(ExecuteStatementCommand)[call]?.args[0].input);

beforeEach(() => {
  rdsData.reset();
  eventBridge.reset();
});

describe('replay-events', () => {
  test('replay-events publishes a batch and says where the next one begins', async () => {
    finds('e-1', 'e-2');

    const { result } = await replay({ eventType: 'dish.rated', rate: 200 });

    expect(sent(1)).toMatchObject({ replayId: runId, eventType: 'dish.rated', most: 200 });
    expect(result).toEqual({
      published: [
        { eventId: 'e-1', eventBridgeId: 'eb' },
        { eventId: 'e-2', eventBridgeId: 'eb' },
      ],
      rejected: [],
      cursor: {
        position: { processedAt: 'end', sequence: '9' },
        again: [],
        notBefore: expect.any(Number),
        more: false,
        limitReached: false,
      },
    });
  });

  test('replay-events ends at the limit, which the outcomes so far count against', async () => {
    finds('e-1', 'e-2');

    const { result } = await replay({ all: true, limit: 5 }, { settled: 3 });

    expect(sent(1)).toMatchObject({ most: 2 });
    expect(result).toMatchObject({
      cursor: { more: false, limitReached: true, position: { processedAt: 'after e-2' } },
    });
  });

  test('replay-events sends again what has no outcome before it looks further', async () => {
    finds('e-1');

    const { result } = await replay({ all: true }, { cursor: { position: 'kept', again: ['e-1'] } });

    expect(sent(1)).toMatchObject({ eventIds: '["e-1"]', most: 1 });
    expect(result).toMatchObject({ cursor: { position: 'kept', again: [], more: true } });
  });

  test('replay-events publishes nothing while live events are due, and remembers what was due', async () => {
    looks({ due: true });

    const first = await replay({ all: true }, { cursor: { position: 'kept' } });
    const second = await replay({ all: true }, { cursor: { liveSince: 'earlier', yields: 1 } });
    await replay({ all: true }, { cursor: { liveSince: 'earlier', yields: 1 }, retries: 1 });

    expect(first.result).toEqual({ cursor: { position: 'kept', liveSince: 'noon', yields: 1 } });
    expect(second.result).toEqual({ cursor: { liveSince: 'earlier', yields: 2 } });
    // Undefined and null set no condition.
    expect([sent(0), sent(1), sent(2)].map(({ liveSince }) => liveSince)).toEqual([true, 'earlier', true]);
    expect(eventBridge.calls()).toHaveLength(0);
  });

  test('replay-events gives up when many runs have not taken what was due, and says what to look at', async () => {
    looks({ due: true });

    const { error } = await replay({ all: true }, { cursor: { liveSince: 'earlier', yields: 30 } });

    expect(error).toMatchObject({
      name: 'LiveEventsWaiting',
      message: expect.stringMatching(/^events that were due at earlier go before the replay, and 30 runs/),
    });
  });

  test('replay-events publishes nothing while the outbox is paused', async () => {
    looks({ paused: true });

    expect((await replay({ all: true })).error).toMatchObject({
      name: 'OutboxPaused',
      message: expect.stringContaining('resume it, then redrive this execution'),
    });
    expect(eventBridge.calls()).toHaveLength(0);
  });

  test('replay-events publishes nothing to a bus that does not exist, or when nobody waits for it any more', async () => {
    finds('e-1');
    const missing = Object.assign(new Error('no bus'), { name: 'ResourceNotFoundException' });
    eventBridge.on(DescribeEventBusCommand).rejects(missing);

    expect((await replay({ all: true })).error).toMatchObject({ name: 'BusMissing' });
    const late = { sentAt: Date.now() - 40_000, expiresAt: Date.now() - 5_000 };
    expect((await replay({ all: true }, late)).error).toMatchObject({ name: 'CallExpired' });
    expect(eventBridge.commandCalls(PutEventsCommand)).toHaveLength(0);
  });

  test.each<[string, unknown, string]>([
    ['nothing', {}, 'the filter is empty'],
    ['no object', 'all', 'expected object'],
    ['an unknown word', { type: 'dish.rated' }, 'Unrecognized key: "type"'],
    ['all and a condition', { all: true, eventType: 'dish.rated' }, 'all: true contradicts'],
    ['an id that is none', { eventIds: ['7'] }, 'expected a uuid'],
    ['no id', { eventIds: [] }, 'expected at least one id'],
    ['an event type of 129 characters', { eventType: 'x'.repeat(129) }, 'expected 1 to 128 characters'],
    ['an aggregate type that is empty', { aggregateType: '' }, 'expected 1 to 512 characters'],
    ['an aggregate that is empty', { aggregateId: '' }, 'Too small'],
    ['a run that is no processor', { executionArn: 'run 7' }, 'expected the arn of an express execution'],
    ['a time without its offset', { processedAfter: '2026-11-23T12:00:00' }, 'expected an iso 8601 time'],
    ['a limit of nothing', { all: true, limit: 0 }, 'limit'],
    ['a limit beyond a history', { all: true, limit: 100_001 }, 'publishes at most 100000 events'],
    [
      'a limit beyond the rate',
      { all: true, limit: 5_001, rate: 1 },
      'at 1 a second one replay publishes at most',
    ],
    ['a rate of nothing', { all: true, rate: 0 }, 'rate'],
    ['a rate above the share of a replay', { all: true, rate: 201 }, 'rate'],
    ['half an event a second', { all: true, rate: 0.5 }, 'rate'],
    ['a reason that is empty', { all: true, reason: '' }, 'reason'],
    ['a dry run that is no boolean', { all: true, dryRun: 'yes' }, 'dryRun'],
  ])('replay-events refuses %s as InvalidReplayRequest before any call', async (_, request, reason) => {
    const { error } = await replay(request);

    expect(error).toMatchObject({
      name: 'InvalidReplayRequest',
      message: expect.stringContaining(reason),
    });
    expect([...rdsData.calls(), ...eventBridge.calls()]).toEqual([]);
  });
});

describe('mark-replayed', () => {
  const input = { outcomes: [{ eventId: 'e-1', eventBridgeId: 'eb-1' }], runId, reason: null };
  const mark = async () => invoke(await coldStart('mark-replayed', databaseEnvironment), input);

  test('mark-replayed counts what was replayed, and events that were purged meanwhile too', async () => {
    const answer = [number(0), number(0), text('["e-1"]'), text('[]')];
    rdsData.on(ExecuteStatementCommand).resolves({ records: [answer] });

    const invocation = await mark();

    expect(metricsIn(invocation)).toEqual({ 'Outbox/EventsReplayed': 1 });
    expect(logsIn(invocation)).toMatchObject([{ level: 'WARN', lost: ['e-1'], executionId: runId }]);
  });
});
