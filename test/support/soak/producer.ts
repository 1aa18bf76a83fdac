import type pg from 'pg';
import type { Bus } from './bus.ts';
import type { Ledger, Written } from './ledger.ts';
import type { Random } from './random.ts';
import type { Session } from './session.ts';

const INSERT = `insert into outbox_events (id, aggregate_id, event_type, payload, ordering_key)
  select cast(id as uuid), 'a', 'b', '{}', key from unnest($1::text[], $2::text[]) with ordinality as n(id, key, place)
  order by place on conflict do nothing returning id, ordering_key as key, cast(sequence as integer) as sequence`;

export interface ProducerWorld {
  readonly ledger: Ledger;
  readonly bus: Bus;
  readonly watcher: pg.ClientBase;
  readonly url: string;
  readonly events: number;
  readonly keys: number;
}

/** Transactions of one to four events, some rolled back as a whole or to a savepoint, some killed before the commit. */
export async function produce(world: ProducerWorld, session: Session, random: Random): Promise<void> {
  while (world.ledger.committed < world.events) {
    const kept = await insert(world, session, random);
    if (random.chance(0.01)) {
      await session.crash(world.watcher, world.url);
      continue;
    }
    if (random.chance(0.08)) {
      await session.sql('rollback');
      continue;
    }
    await session.turn(async (client) => {
      await client.query('commit');
      world.ledger.commit(kept);
    });
  }
}

async function insert(
  { bus, keys }: ProducerWorld,
  session: Session,
  random: Random,
): Promise<readonly Written[]> {
  await session.sql('begin');
  const kept: Written[] = [];
  // One order of keys, as docs/ordering.md asks for. A fifth of the events has the first key, a tenth has none.
  const chosen = Array.from({ length: random.between(1, 4) }, () =>
    random.chance(0.2) ? 0 : random.between(0, keys),
  ).sort((one, other) => one - other);
  const named = chosen.map((key) => (key === keys || random.chance(0.1) ? null : `key ${key}`));
  const statements = random.chance(0.3) ? [named] : named.map((key) => [key]);
  for (const ofStatement of statements) {
    const isUndone = random.chance(0.06);
    if (isUndone) await session.sql('savepoint here');
    const ids = ofStatement.map(() => random.uuid());
    const rows = await session.sql<{ id: string; key: string | null; sequence: number }>(INSERT, [
      ids,
      ofStatement,
    ]);
    // The same event once more, which conflicts.
    if (random.chance(0.05)) await session.sql(INSERT, [ids, ofStatement]);
    if (isUndone) {
      await session.sql('rollback to savepoint here');
      continue;
    }
    for (const row of rows) {
      if (random.chance(0.02)) bus.poison(row.id);
      kept.push(row);
    }
  }
  return kept;
}
