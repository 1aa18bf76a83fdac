import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import chalk from 'chalk';
import pg from 'pg';
import type { Twin } from '../twin/deploy.ts';
import { isConnectionLost } from '../twin/postgres/connection.ts';
import { takeAccount } from './accounting.ts';
import { createLiveView, type LiveView } from './live-view.ts';
import { isDrained, readProgress } from './outbox-status.ts';
import { partlyOrdered, smallEvents, webhookEvents, writeEvents } from './sample-events.ts';
import { printSummary } from './summary.ts';

export interface SessionOptions {
  /** Number of sample events to write; infinite for an endless stream. */
  readonly events: number;
  readonly eventBytes: number | undefined;
  readonly once: boolean;
  readonly stopping: AbortSignal;
}

const VIEW_INTERVAL_MS = 500;
const STREAM_EVENTS_PER_SECOND = 20;

/** Writes sample events and shows their progress. Returns whether every event is accounted for. */
export async function runSession(twin: Twin, options: SessionOptions): Promise<boolean> {
  const pool = new pg.Pool({
    connectionString: twin.postgresUrl,
    max: 2,
    connectionTimeoutMillis: 5_000,
  });
  // A connection that breaks while idle is replaced; whoever needs it next gets the error.
  pool.on('error', () => undefined);
  try {
    if (!options.once) console.log(`watch, search and redrive in a browser: ${twin.url}/`);
    if (options.events === 0 && !options.once) {
      // The signal may have arrived during the start.
      if (!options.stopping.aborted) await once(options.stopping, 'abort');
      return true;
    }
    return await showTraffic(twin, pool, options);
  } catch (error) {
    if (options.stopping.aborted && isConnectionLost(error)) return !options.once;
    throw error;
  } finally {
    await pool.end();
  }
}

async function showTraffic(twin: Twin, pool: pg.Pool, options: SessionOptions): Promise<boolean> {
  const { events, once: untilDrained, stopping } = options;
  const samples = samplesFor(options);
  const acceptedBefore = twin.bus.length;
  const countsBefore = twin.counts;
  const view = createLiveView(process.stdout);
  const withDatabase = <T>(work: () => Promise<T>) => retryWhileLost(work, stopping, view);
  const since = await withDatabase(async () => {
    const { rows } = await pool.query<{ now: string }>('select now()::text as now');
    return rows[0]?.now ?? '';
  });
  let written = 0;
  const write = async (count: number) => {
    const wanted = written + count;
    await withDatabase(() => {
      const from = written;
      return writeEvents(pool, samples, {
        from,
        count: wanted - from,
        written: (total) => (written = from + total),
      });
    });
  };

  if (Number.isFinite(events)) {
    await write(events);
    console.log(`wrote ${events} events`);
  }
  const startedAt = performance.now();
  twin.scheduler.tick();
  let published = 0;
  let shownAt = startedAt;
  while (!stopping.aborted) {
    if (!Number.isFinite(events)) await write(STREAM_EVENTS_PER_SECOND * (VIEW_INTERVAL_MS / 1000));
    const progress = await withDatabase(() => readProgress(pool, twin, acceptedBefore));
    const now = performance.now();
    view.show(progress, ((progress.published - published) * 1000) / Math.max(1, now - shownAt));
    published = progress.published;
    shownAt = now;
    if (untilDrained && isDrained(progress)) break;
    await sleep(VIEW_INTERVAL_MS, undefined, { signal: stopping }).catch(() => undefined);
  }
  view.end();
  const elapsedMs = performance.now() - startedAt;
  if (!untilDrained) return true;

  await twin.settle();
  const account = await withDatabase(() => takeAccount(pool, twin.bus, acceptedBefore, since));
  printSummary(account, twin, countsBefore, elapsedMs);
  return account.complete && !stopping.aborted;
}

/** The endless stream is for a person who watches, so some of it is in order; a number of events drains at full speed. */
function samplesFor({ events, eventBytes }: SessionOptions) {
  if (eventBytes !== undefined) return smallEvents(eventBytes);
  return Number.isFinite(events) ? webhookEvents() : partlyOrdered(webhookEvents());
}

/** Repeats what a lost connection has interrupted until the database answers again or nobody waits any more. */
async function retryWhileLost<T>(work: () => Promise<T>, stopping: AbortSignal, view: LiveView): Promise<T> {
  for (let told = false; ; told = true) {
    try {
      const result = await work();
      if (told) console.log('the database answers again');
      return result;
    } catch (error) {
      if (stopping.aborted || !isConnectionLost(error)) throw error;
      if (!told) {
        view.end();
        console.log(
          chalk.yellow(`the database does not answer (${error.message || error.code}): trying again`),
        );
      }
    }
    await sleep(VIEW_INTERVAL_MS, undefined, { signal: stopping }).catch(() => undefined);
  }
}
