import { requeue } from '../../../outbox/requeue.ts';
import { skip } from '../../../outbox/skip.ts';
import type { Random } from './random.ts';
import type { RunnerWorld } from './runner.ts';
import type { Session } from './session.ts';

const FAILED = `select id from outbox_events where status = 'FAILED' order by sequence limit 20`;

/** A person who redrives failed events, corrects some of them before, and skips or deletes others. */
export async function lookAfter(world: RunnerWorld, session: Session, random: Random): Promise<void> {
  const crashed = world.crashed.shift();
  if (crashed !== undefined && random.chance(0.5)) {
    await redrive(session, random, { executionArn: crashed, runIsStopped: true });
    return;
  }
  const [first, ...others] = (await session.sql<{ id: string }>(FAILED)).map(({ id }) => id);
  if (first === undefined) return;
  const id = random.pick([first, ...others]);
  if (random.chance(0.5)) {
    if (random.chance(0.5)) world.bus.correct(id);
    await redrive(session, random, random.chance(0.5) ? {} : { eventIds: [id] });
    return;
  }
  const isSkipped = random.chance(0.9);
  await held(world, session, random, () =>
    isSkipped ? skipOne(world, session, id) : deleteOne(world, session, id),
  );
}

const redrive = (session: Session, random: Random, filter: Parameters<typeof requeue>[2]) =>
  requeue(session.dataApi, random.uuid(), filter, { limit: 3, batch: 3 });

async function skipOne(world: RunnerWorld, session: Session, id: string): Promise<() => void> {
  return skip(session.dataApi, id, 'Ada').then(
    () => () => world.ledger.pass(id),
    (error: unknown) => {
      // A redrive or a late success was faster, or the event has no key.
      if (!/nothing to skip|only a failed event can be skipped/.test(String(error))) throw error;
      return () => undefined;
    },
  );
}

async function deleteOne(world: RunnerWorld, session: Session, id: string): Promise<() => void> {
  const rows = await session.sql(
    `delete from outbox_events where id = $1 and status = 'FAILED' returning id`,
    [id],
  );
  return () => {
    if (rows.length > 0) world.ledger.pass(id, true);
  };
}

/** In a transaction that stays open for some turns, as in a person's terminal, and may be rolled back. */
async function held(
  world: RunnerWorld,
  session: Session,
  random: Random,
  work: () => Promise<() => void>,
): Promise<void> {
  await session.turn(async (client) => {
    await client.query('begin');
    world.open += 1;
  });
  const meant = await work();
  for (let turns = random.between(0, 20); turns > 0; turns -= 1) await session.sql('select');
  const isKept = random.chance(0.8);
  await session.turn(async (client) => {
    await client.query(isKept ? 'commit' : 'rollback');
    world.open -= 1;
    if (isKept) meant();
  });
}
