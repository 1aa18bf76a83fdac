import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { consume } from '../../docs/examples/consumer.ts';
import { type ControlOptions, createControl } from '../../twin/control.ts';
import { listen } from '../../twin/http/endpoint.ts';
import { type BusLog, openBusLog } from '../../twin/services/event-bridge/bus-log.ts';
import { fencedBlock, projectText } from '../support/fenced-block.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

let pool: pg.Pool;
let folder: string;
let bus: BusLog;
let endpoint: Awaited<ReturnType<typeof listen>>;

afterAll(() => pool?.end());
const database = useOutboxDatabase();

beforeAll(() => {
  pool = new pg.Pool({
    connectionString: database.postgresUrl,
    max: 2,
    options: '-c search_path=consumer',
  });
  pool.on('error', () => undefined); // the server may end before the last goodbye
});

beforeEach(async () => {
  await database.sql('drop schema if exists consumer cascade');
  await database.sql('create schema consumer');
  folder = await mkdtemp(join(tmpdir(), 'outbox-consumer-'));
  bus = await openBusLog(join(folder, 'bus.jsonl'), { maxBytes: Number.POSITIVE_INFINITY });
  const surface = createControl({
    health: async () => ({ problem: undefined, names: { postgresUrl: database.postgresUrl } }),
    pages: { paths: [], read: () => undefined, serve: async () => false },
    bus,
    scheduler: () => ({ tick: () => undefined, stop: () => undefined }),
  } as unknown as ControlOptions);
  endpoint = await listen(0, async (request, response) => void (await surface(request, response)));
});

afterEach(async () => {
  await endpoint.close();
  await bus.close();
  await rm(folder, { recursive: true, force: true });
});

function publish(eventId: string, place: object = {}): void {
  bus.append([
    {
      EventId: randomUUID(),
      Time: '2026-03-01T10:00:00.000Z',
      Source: 'shop.outbox',
      DetailType: 'dish.rated',
      Detail: JSON.stringify({ eventId, aggregateId: '7', ...place }),
      Resources: [],
      EventBusName: 'outbox-bus',
    },
  ]);
}

test('a consumer handles each event once, although one is delivered twice and it crashes at another', async () => {
  const [first, second, third] = [randomUUID(), randomUUID(), randomUUID()];
  for (const id of [first, second, first, third]) publish(id);
  const handled: string[] = [];
  const crash = consume(
    pool,
    endpoint.url,
    async ({ eventId }) => {
      if (eventId === third) throw new Error('the process dies');
      handled.push(eventId);
    },
    new AbortController().signal,
  );
  await expect(crash).rejects.toThrow('the process dies');
  expect(handled).toEqual([first, second]);

  const stopping = new AbortController();
  publish(second);
  const last = randomUUID();
  publish(last);
  await consume(
    pool,
    endpoint.url,
    async ({ eventId }) => {
      handled.push(eventId);
      if (eventId === last) stopping.abort();
    },
    stopping.signal,
  );

  expect(handled).toEqual([first, second, third, last]);
});

test('events of a key are handled in order, also when the log has dropped the first of them', async () => {
  const [seventh, ninth, last] = [randomUUID(), randomUUID(), randomUUID()];
  const place = { orderingKey: 'dish 7', sequence: 7, previousSequence: 3 };
  publish(seventh, place);
  publish(ninth, { ...place, sequence: 9, previousSequence: 7 });
  publish(seventh, place);
  publish(last);
  const handled: string[] = [];
  const stopping = new AbortController();

  await consume(
    pool,
    endpoint.url,
    async ({ eventId }) => {
      handled.push(eventId);
      if (eventId === last) stopping.abort();
    },
    stopping.signal,
  );

  expect(handled).toEqual([seventh, ninth, last]);
});

test('an entry of the bus that is no event of an outbox is passed by with a warning', async () => {
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  publish('not a uuid');
  const id = randomUUID();
  publish(id);
  const stopping = new AbortController();

  await consume(pool, endpoint.url, async () => stopping.abort(), stopping.signal);

  expect(warn.mock.calls).toEqual([[expect.stringContaining('"detail.eventId"')]]);
  warn.mockRestore();
});

test('a consumer that has seen more than the bus holds says so', async () => {
  await consume(pool, endpoint.url, async () => undefined, AbortSignal.abort());
  await database.sql('update consumer.bus_position set seen = 5');

  await expect(
    consume(pool, endpoint.url, async () => undefined, new AbortController().signal),
  ).rejects.toThrow('begin again with after=0');
});

test('the script prints each event once, and ends with Ctrl-C', async () => {
  const ids = [randomUUID(), randomUUID()] as const;
  for (const id of [ids[0], ids[0], ids[1]]) publish(id);
  const script = spawn(process.execPath, ['--import', 'tsx', 'docs/examples/print-events.ts'], {
    env: { ...process.env, AWS_ENDPOINT_URL: endpoint.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(script, 'close');
  const lines: string[] = [];
  for await (const line of createInterface(script.stdout)) {
    lines.push(line);
    if (line.includes(ids[1])) script.kill('SIGINT');
  }

  expect(await closed).toEqual([0, null]);
  expect(lines).toEqual(ids.map((id) => `dish.rated 7 ${id}`));
});

test.each(['consumer.ts', 'print-events.ts', 'consumer-handler.ts', 'consumer-stack.ts'])(
  'the page shows %s as it is',
  (file) => {
    const path = `docs/examples/${file}`;
    expect(fencedBlock('docs/consumers.md', path)).toBe(projectText(path));
  },
);
