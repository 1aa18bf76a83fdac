import type { Random } from './random.ts';
import type { RunnerWorld } from './runner.ts';
import type { Session } from './session.ts';

// Time passes for rows and keys alike, so that a key that nobody has woken still sleeps. No trigger may see it.
const PASS = ['outbox_events', 'outbox_ordering_queue'].map(
  (table) => `update ${table} set due_at = due_at - make_interval(secs => $1) where due_at > now()`,
);

// A key must be looked at when its first unfinished event is due, and must not be blocked by one that has not failed.
const ASLEEP = `
  with head as (
    select distinct on (ordering_key) ordering_key, sequence, status, due_at from outbox_events
    where ordering_key is not null and processed_at is null and skipped_at is null order by ordering_key, sequence)
  select h.ordering_key as key, h.sequence, h.status, cast(h.due_at - now() as text) as head,
    q.ordering_key is not null as queued, cast(q.due_at - now() as text) as due
  from head h left join outbox_ordering_queue q using (ordering_key)
  where q.ordering_key is null or (q.due_at is null and h.status <> 'FAILED')
    or q.due_at > greatest(h.due_at, now()) + case when q.busy_since is null then interval '0' else interval '5 s' end`;

/** Lets seconds pass, or finds a key that sleeps for longer than it should. */
export async function letTimePass(world: RunnerWorld, session: Session, random: Random): Promise<void> {
  const seconds = random.pick([1, 60, 400, 20_000]);
  await session.turn(async (client) => {
    if (world.open > 0) return;
    const { rows } = await client.query<{ key: string }>(ASLEEP);
    for (const { key, ...asleep } of rows)
      world.ledger.violated(key, `it is forgotten: ${JSON.stringify(asleep)}`);
    await client.query('begin');
    await client.query('set local session_replication_role = replica');
    for (const statement of PASS) await client.query(statement, [seconds]);
    await client.query('commit');
  });
}
