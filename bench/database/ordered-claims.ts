import type pg from 'pg';
import { figure } from '../figure.ts';
import { median, type Options, percentile, type Section } from '../section.ts';
import { BATCH, claimAndMark, type Outbox, type Timed, withOutbox } from './outbox.ts';
import { addPending } from './rows.ts';

const sizes = {
  quick: { rows: 50_000, rounds: 40 },
  full: { rows: 1_000_000, rounds: 200 },
};
const WARM_UP_ROUNDS = 10;

/** A way to fill the table with `rows` unfinished events, and to put back what a round took. */
interface Situation {
  readonly name: string;
  fill(pool: pg.Pool, rows: number): Promise<void>;
  refill(pool: pg.Pool): Promise<void>;
}

const KEYS = 1_000;
// Round the keys, so that a claim finds many of them due.
const spread = (prefix: string, keys: number) => `'${prefix}' || (n % ${keys})`;

const situations: readonly Situation[] = [
  {
    name: 'no key',
    fill: addPending,
    refill: (pool) => addPending(pool, BATCH),
  },
  {
    name: '1,000 keys',
    fill: (pool, rows) => addOrdered(pool, rows, spread('key ', KEYS)),
    refill: (pool) => addOrdered(pool, BATCH, spread('key ', KEYS)),
  },
  {
    name: 'one hot key has half of all',
    async fill(pool, rows) {
      await addOrdered(pool, rows / 2, `'hot'`);
      await addOrdered(pool, rows / 2, spread('key ', KEYS));
    },
    refill: (pool) =>
      addOrdered(pool, BATCH, `case when n % 20 = 0 then 'hot' else 'key ' || (n % ${KEYS}) end`),
  },
  {
    name: 'a tenth as many blocked keys',
    async fill(pool, rows) {
      await addOrdered(pool, rows / 10, `'blocked ' || n`);
      await pool.query(
        `update outbox_events set status = 'FAILED', due_at = null, failed_at = now(), attempts = 8,
           last_error_type = 'MalformedDetail', last_error = 'bad' where ordering_key like 'blocked %'`,
      );
      await addOrdered(pool, rows / 10, `'blocked ' || n`);
      await addOrdered(pool, (rows / 10) * 8, spread('key ', KEYS));
      await settle(pool, `'blocked %'`);
    },
    refill: (pool) => addOrdered(pool, BATCH, spread('key ', KEYS)),
  },
  {
    name: 'a tenth as many keys in backoff',
    async fill(pool, rows) {
      await addOrdered(pool, rows / 10, `'tried ' || n`);
      await pool.query(
        `update outbox_events set attempts = 1, due_at = now() + interval '1 day', last_error_type = 'InternalFailure',
           last_error = 'again' where ordering_key like 'tried %'`,
      );
      await addOrdered(pool, (rows / 10) * 9, spread('key ', KEYS));
      await settle(pool, `'tried %'`);
    },
    refill: (pool) => addOrdered(pool, BATCH, spread('key ', KEYS)),
  },
];

/** Measures claims of ordered events against those of others in a table of the same size. */
export async function orderedClaims(options: Options): Promise<Section> {
  const { rows, rounds } = options.quick ? sizes.quick : sizes.full;
  const measured: { readonly name: string; readonly timed: readonly Timed[] }[] = [];
  for (const situation of situations) {
    const timed = await withOutbox(options, async (outbox) => {
      options.report(`${situation.name}: writing ${rows} events`);
      await situation.fill(outbox.pool, rows);
      await outbox.pool.query(
        'vacuum (analyze, parallel 0) outbox_events, outbox_ordering_keys, outbox_ordering_queue',
      );
      options.report(`${situation.name}: ${rounds} claims`);
      return measure(outbox, situation, rounds);
    });
    measured.push({ name: situation.name, timed });
  }
  return section(measured, rows, rounds);
}

/** Each round replaces the events that it took, so that the backlog keeps its size. */
async function measure({ pool, database }: Outbox, situation: Situation, rounds: number): Promise<Timed[]> {
  const found: Timed[] = [];
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    const timed = await claimAndMark(database);
    await situation.refill(pool);
    if (round >= 0) found.push(timed);
  }
  return found;
}

async function addOrdered(pool: pg.Pool, count: number, key: string): Promise<void> {
  await pool.query(
    `insert into outbox_events (aggregate_type, aggregate_id, event_type, payload, ordering_key)
     select 'dish', cast(n as text), 'dish.created', jsonb_build_object('name', 'Laksa', 'text', repeat('x', 271)), ${key}
     from generate_series(1, $1::integer) as n`,
    [count],
  );
}

/** What claims would find out about these keys, one batch after the other. */
async function settle(pool: pg.Pool, like: string): Promise<void> {
  await pool.query(
    `update outbox_ordering_queue q set due_at = e.due_at, blocked_at = case when e.due_at is null then now() end
     from (select distinct on (ordering_key) ordering_key, due_at from outbox_events
       where ordering_key like ${like} order by ordering_key, sequence) as e
     where e.ordering_key = q.ordering_key`,
  );
}

function section(
  measured: readonly { readonly name: string; readonly timed: readonly Timed[] }[],
  rows: number,
  rounds: number,
): Section {
  const claims = (timed: readonly Timed[]) => timed.map(({ claimMs }) => claimMs);
  const marks = (timed: readonly Timed[]) => timed.map(({ markMs }) => markMs);
  const reference = claims(measured[0]?.timed ?? []);
  return {
    name: 'ordered-claims',
    title: 'Claims in order',
    method:
      `Batches of ${BATCH} events of 300 bytes from ${rows.toLocaleString('en')} unfinished ones, ${rounds} rounds each in a ` +
      'table of its own, one connection. Milliseconds, and times the claim of events without a key.',
    columns: [
      'events',
      'claimed at once',
      'claim p50',
      'claim p99',
      'mark p50',
      'mark p99',
      'p50, times',
      'p99, times',
    ],
    rows: measured.map(({ name, timed }) => [
      name,
      figure(median(timed.map(({ events }) => events))),
      figure(median(claims(timed))),
      figure(percentile(claims(timed), 0.99)),
      figure(median(marks(timed))),
      figure(percentile(marks(timed), 0.99)),
      figure(median(claims(timed)) / median(reference)),
      figure(percentile(claims(timed), 0.99) / percentile(reference, 0.99)),
    ]),
  };
}
