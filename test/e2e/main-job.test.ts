import { describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import type { TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

let twin: TwinProcess;
let pool: pg.Pool;

useTwin((underTest) => {
  ({ twin, pool } = underTest);
});

const insert = (eventType: string, payload: string) =>
  pool.query<{ id: string; detail: string }>(
    `insert into outbox_events (aggregate_id, event_type, payload) values ($1, $2, $3::jsonb)
     returning id, (payload || jsonb_build_object('aggregateId', aggregate_id, 'eventId', id))::text as detail`,
    ['laksa "7"\n', eventType, payload],
  );

const eventIdOf = (detail: string) => (JSON.parse(detail) as { eventId: string }).eventId;

describe('detail on the bus', () => {
  test.each([
    ['integers that a double cannot hold', '{"n": 9007199254740993, "m": -9007199254740993}'],
    ['the limits of int64', '{"max": 9223372036854775807, "min": -9223372036854775808}'],
    ['decimals with their zeros', '{"price": 1.10, "zero": 0.0, "list": [1.0, 2.50]}'],
    ['30-digit decimals', '{"pi": 3.14159265358979323846264338327, "big": 123456789012345678901234567890.5}'],
    [
      'astral Unicode and escapes',
      '{"food": "🍜𝒳", "quote": "\\"\\\\", "control": "\\u0001\\n", "line": "\\u2028"}',
    ],
    ['keys that are special in JavaScript', '{"__proto__": {"polluted": true}, "constructor": 1, "": 0}'],
    ['ids in the payload, which the outbox overrides', '{"eventId": "mine", "aggregateId": "mine"}'],
    ['a string of digits', '{"card": "99999999999999999999999999"}'],
  ])('the detail on the bus is the text that PostgreSQL prints, with %s', async (_, payload) => {
    const { rows } = await insert('dish.rated', payload);
    const [row] = rows;

    const run = await twin.tick();

    expect(run).toMatchObject({
      status: 'SUCCEEDED',
      output: { claimed: 1, published: 1, failed: 0, failedForGood: 0 },
    });
    const published = (await twin.busEvents()).filter(({ Detail }) => eventIdOf(Detail) === row?.id);
    expect(published.map(({ Detail }) => Detail)).toEqual([row?.detail]);
    expect(published[0]).toMatchObject({
      Source: 'bellyfed.outbox',
      DetailType: 'dish.rated',
      EventBusName: 'bellyfed-events',
    });
  });

  test('the detail on the bus is the text that PostgreSQL prints, up to a megabyte by reference', async () => {
    const { rows } = await insert('dish.photographed', JSON.stringify({ photo: '"🍜\\'.repeat(100_000) }));

    await twin.tick();

    const details = (await twin.busEvents()).map(({ Detail }) => Detail);
    expect(details.at(-1) === rows[0]?.detail).toBe(true);
  });
});

test('an integer above int64 cannot be inserted', async () => {
  await expect(insert('dish.rated', '{"n": [9223372036854775808]}')).rejects.toThrow(
    /payload_integers_fit_int64/,
  );
});

test('the time of an event on the bus is the time when it was written', async () => {
  const { rows } = await insert('dish.rated', '{}');
  const written = await pool.query<{ created_at: Date }>(
    'select created_at from outbox_events where id = $1',
    [rows[0]?.id],
  );

  await twin.tick();

  const event = (await twin.busEvents()).at(-1);
  expect(event?.Time).toBe(written.rows[0]?.created_at.toISOString());
});

test('a full batch of 300-byte events costs two Data API calls and has a complete history', async () => {
  await pool.query(`insert into outbox_events (aggregate_id, event_type, payload)
    select n::text, 'dish.rated', jsonb_build_object('note', repeat('x', 280)) from generate_series(1, 200) n`);

  const run = await twin.tick();

  expect(run.output).toEqual({ claimed: 200, published: 200, failed: 0, failedForGood: 0, batches: 1 });
  const { history = [] } = await twin.get<{ history: { type: string }[] }>(
    `/_local/executions/${encodeURIComponent(run.executionArn)}`,
  );
  const states = history
    .filter(({ type }) => type === 'TaskStateEntered')
    .map(
      (event) =>
        (event as unknown as { stateEnteredEventDetails: { name: string } }).stateEnteredEventDetails.name,
    );
  const databaseSteps = states.filter((name) => name !== 'Publish event');
  // The last fetch finds nothing left: a full batch always says `more`.
  expect(databaseSteps).toEqual(['Fetch batch', 'Mark processed', 'Fetch batch']);
  expect(states.filter((name) => name === 'Publish event')).toHaveLength(200);
});

test('two runs at the same time publish a backlog of 5,000 without a duplicate', async () => {
  const before = (await twin.busEvents()).length;
  await pool.query(`insert into outbox_events (aggregate_id, event_type, payload)
    select (n % 50)::text, 'dish.rated', jsonb_build_object('n', n) from generate_series(1, 5000) n`);

  const runs = await Promise.all([twin.tick(), twin.tick()]);
  // A run claims no batch after half a minute, so on a slow machine two runs may not be enough.
  for (;;) {
    const run = await twin.tick();
    if (run.output['claimed'] === 0) break;
    runs.push(run);
  }

  const claimed = runs.map(({ output }) => output['claimed'] ?? 0);
  expect(claimed.slice(0, 2).every((count) => count > 0)).toBe(true);
  expect(claimed.reduce((sum, count) => sum + count, 0)).toBe(5_000);
  const ids = (await twin.busEvents()).slice(before).map(({ Detail }) => eventIdOf(Detail));
  expect(ids).toHaveLength(5_000);
  expect(new Set(ids).size).toBe(5_000);
});
