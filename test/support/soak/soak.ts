import pg from 'pg';
import { publishEvents } from '../../../outbox/publish.ts';
import { Bus } from './bus.ts';
import { consume } from './consumer.ts';
import { Ledger } from './ledger.ts';
import { type Mutation, patch, STALL, STALLS } from './patches.ts';
import { lookAfter } from './person.ts';
import { produce } from './producer.ts';
import { Random } from './random.ts';
import { type RunnerWorld, runBatch } from './runner.ts';
import { Session } from './session.ts';
import { letTimePass } from './time.ts';
import { Turns } from './turns.ts';

export interface SoakOptions {
  readonly seed: number;
  /** A database with the outbox, whose events and keys are deleted. */
  readonly url: string;
  readonly events: number;
  readonly keys: number;
  /** A fault that the soak should find. */
  readonly mutation?: Mutation;
}

export interface Soaked {
  readonly committed: number;
  /** Accepted by the bus, repetitions included. */
  readonly accepted: number;
  readonly turns: number;
  /** Deliveries to the consumer. */
  readonly deliveries: number;
}

const PRODUCERS = 4;
const RUNNERS = 4;

/**
 * Producers, runs, a bus, a person and time around a real outbox, with crashes, lost answers and open transactions; then
 * a consumer. Seeds that are odd use `orderingOnFailure: continue`. What happens depends on the seed, and to a small
 * degree on the speed of the database, because a key that somebody has locked is looked at again after a real time.
 * @throws OrderViolated with the seed, the key and its history
 */
export async function soak({ seed, url, events, keys, mutation }: SoakOptions): Promise<Soaked> {
  const watcher = new pg.Client({ connectionString: url });
  await watcher.connect();
  await watcher.query('truncate outbox_events, outbox_ordering_keys, outbox_ordering_queue');
  const restore = await patch(watcher, [...STALLS, ...(mutation?.patches ?? [])]);
  const turns = new Turns(new Random(seed, 'turns'), watcher);
  const ledger = new Ledger(seed, watcher);
  const bus = new Bus(ledger, turns);
  const world: RunnerWorld = {
    ledger,
    bus,
    skipFailed: seed % 2 === 1,
    open: 0,
    crashed: [],
    publish: mutation?.publish ?? publishEvents,
  };
  const sessions: Session[] = [];
  const open = async (actor: string) => {
    const session = await Session.open(turns, actor, url);
    sessions.push(session);
    return { session, random: new Random(seed, actor) };
  };
  try {
    let isProducing = true;
    const producers = await numbered(PRODUCERS, (number) => open(`producer ${number}`));
    const others = [
      ...(await numbered(RUNNERS, (number) => open(`run ${number}`))).map(
        ({ session, random }, index) =>
          () =>
            runBatch(world, `run ${index}`, session, random),
      ),
      await open('person').then(
        ({ session, random }) =>
          () =>
            lookAfter(world, session, random),
      ),
      await open('stall').then(
        ({ session, random }) =>
          () =>
            stall(session, random),
      ),
      await open('time').then(
        ({ session, random }) =>
          () =>
            letTimePass(world, session, random),
      ),
    ];
    const producing = Promise.all(
      producers.map(({ session, random }) =>
        produce({ ledger, bus, watcher, url, events, keys }, session, random),
      ),
    ).then(() => {
      isProducing = false;
    });
    const working = others.map(async (work) => {
      while (isProducing) await work();
    });
    const wrong = () => ledger.violation;
    await turns.run([producing, ...working], wrong);

    bus.isHealthy = true;
    await turns.run([drain(world, (await open('drain')).session, new Random(seed, 'drain'))], wrong);
    ledger.checkComplete();
    const deliveries = await consume(url, ledger, new Random(seed, 'consumer'));
    return { committed: ledger.committed, accepted: ledger.log.length, turns: turns.taken, deliveries };
  } catch (error) {
    throw ledger.violation ?? error;
  } finally {
    for (const session of sessions) await session.end();
    await restore();
    await watcher.end();
  }
}

const numbered = <T>(count: number, make: (number: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, number) => make(number)));

/** Stops claims in their middle for some turns. */
async function stall(session: Session, random: Random): Promise<void> {
  for (let turns = random.between(0, 30); turns > 0; turns -= 1) await session.sql('select');
  await session.sql('select pg_advisory_lock($1)', [STALL]);
  for (let turns = random.between(0, 10); turns > 0; turns -= 1) await session.sql('select');
  await session.sql('select pg_advisory_unlock($1)', [STALL]);
}

const LEFT = `
  select coalesce(ordering_key, 'none') as key, status, cast(sequence as text) as what from outbox_events
    where status <> 'PROCESSED'
  union all select ordering_key, 'queued', '' from outbox_ordering_queue
  union all select ordering_key, 'not idle', '' from outbox_ordering_keys where queued`;

/** Everything goes well from now on. Whatever is left then is stuck. */
async function drain(world: RunnerWorld, session: Session, random: Random): Promise<void> {
  for (let rounds = 0; rounds < 1_000; rounds += 1) {
    await session.sql(
      `update outbox_events set status = 'PENDING', due_at = ready_at, failed_at = null, attempts = 0, lease_token = null
       where status = 'FAILED'`,
    );
    while ((await runBatch(world, 'drain', session, random)) > 0);
    const left = await session.sql<{ key: string; status: string; what: string }>(LEFT);
    if (left.length === 0) return;
    if (rounds === 999) {
      const [{ key, ...row } = { key: 'none' }] = left;
      world.ledger.violated(key, `it is stuck: ${JSON.stringify(row)}`);
    }
    await letTimePass(world, session, random);
  }
}
