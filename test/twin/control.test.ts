import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type ControlOptions, createControl } from '../../twin/control.ts';
import { listen } from '../../twin/http/endpoint.ts';
import { type BusLog, openBusLog } from '../../twin/services/event-bridge/bus-log.ts';

let folder: string;
let bus: BusLog;
let problem: string | undefined;
let endpoint: Awaited<ReturnType<typeof listen>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-control-'));
  bus = await openBusLog(join(folder, 'bus.jsonl'), { maxBytes: 1_000 });
  const surface = createControl({
    health: async () => ({ problem, names: { region: 'eu-north-1' } }),
    pages: { paths: [], read: () => undefined, serve: async () => false },
    bus,
    scheduler: () => ({ tick: () => undefined, stop: () => undefined }),
  } as unknown as ControlOptions);
  endpoint = await listen(0, async (request, response) => void (await surface(request, response)));
  for (let n = 0; n < 20; n += 1)
    bus.append([
      {
        EventId: String(n),
        Time: '2026-03-01T10:00:00.000Z',
        Source: 'shop.outbox',
        DetailType: 'dish.rated',
        Detail: '{}',
        Resources: [],
        EventBusName: 'outbox-bus',
      },
    ]);
});

afterAll(async () => {
  await endpoint.close();
  await bus.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  problem = undefined;
});

const get = (path: string) => fetch(`${endpoint.url}/_local/${path}`);

describe('the events of the bus', () => {
  test('the events of the bus begin after those that the caller has seen, or with the oldest one that is kept', async () => {
    const last = await get('bus/events?after=19');
    const all = await get('bus/events');

    expect([last.headers.get('x-events-before'), await last.json()]).toEqual([
      '19',
      [expect.objectContaining({ EventId: '19' })],
    ]);
    expect(bus.dropped).toBeGreaterThan(0);
    expect(all.headers.get('x-events-before')).toBe(String(bus.dropped));
    expect(await all.json()).toHaveLength(20 - bus.dropped);
  });

  test('a caller that has seen all events of the bus gets none', async () => {
    const answer = await get('bus/events?after=20');

    expect([answer.status, await answer.json()]).toEqual([200, []]);
  });

  test.each([
    ['abc', 'after must be a whole number of up to 15 digits, received abc'],
    ['-1', 'after must be a whole number of up to 15 digits, received -1'],
    ['1.5', 'after must be a whole number of up to 15 digits, received 1.5'],
    ['', 'after must be a whole number of up to 15 digits, received nothing'],
    ['9'.repeat(16), `after must be a whole number of up to 15 digits, received ${'9'.repeat(16)}`],
    ['21', 'after is 21, but the bus has accepted 20 events: begin again with after=0'],
  ])('asking for the events after "%s" is refused with one sentence', async (after, message) => {
    const answer = await get(`bus/events?after=${after}`);

    expect([answer.status, await answer.json()]).toEqual([400, { __type: 'BadRequest', message }]);
  });
});

describe('health', () => {
  test('the health is ready while nothing is wrong', async () => {
    const answer = await get('health');

    expect([answer.status, await answer.json()]).toEqual([200, { status: 'ready', region: 'eu-north-1' }]);
  });

  test('the health says what is wrong and still contains all names', async () => {
    problem = 'the database does not answer';

    const answer = await get('health');

    expect([answer.status, await answer.json()]).toEqual([
      503,
      { status: 'unavailable', problem: 'the database does not answer', region: 'eu-north-1' },
    ]);
  });
});

describe('a request that the twin cannot understand is refused with one sentence', () => {
  test.each([
    ['GET', 'bus/events?before=1', '/_local/bus/events has the parameter after, received before'],
    ['GET', 'health?verbose', '/_local/health has no parameter, received verbose'],
    ['POST', 'tick?wiat=true', '/_local/tick has the parameter wait, received wiat'],
    ['POST', 'tick?wait=maybe', 'wait must be true or false, received maybe'],
    ['POST', 'tick?wait', 'wait must be true or false, received nothing'],
    ['GET', 'executions/%E0%A4%A', '%E0%A4%A is not percent-encoded UTF-8'],
  ])('%s /_local/%s is refused', async (method, path, message) => {
    const answer = await fetch(`${endpoint.url}/_local/${path}`, { method });

    expect([answer.status, await answer.json()]).toEqual([400, { __type: 'BadRequest', message }]);
  });
});
