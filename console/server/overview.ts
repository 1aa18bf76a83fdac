import { type Backlog, readBacklog } from '../../cli/backlog.ts';
import { readBus } from '../../cli/outage.ts';
import type { DataApi } from '../../outbox/data-api.ts';
import { readPause } from '../../outbox/pause.ts';
import { RowReader } from '../../outbox/row-reader.ts';
import type { Overview, Sample } from '../api.ts';
import { readAlarms, readSchedules } from './account.ts';
import { cached } from './cached.ts';
import type { Connection } from './connection.ts';
import { findingsOf } from './findings.ts';
import { toRefusal } from './problem.ts';

const SAMPLE_MS = 1_500;
const KEPT_MS = 10 * 60_000;
const ACCOUNT_FRESH_MS = 30_000;

// Along the index of what was processed. The database's time, because only that can be compared with its rows.
const PROCESSED = `
  select cast(extract(epoch from now()) as double precision), cast((select count(*) from (
    select from outbox_events where status = 'PROCESSED' and processed_at <= now()
      and processed_at > coalesce(to_timestamp(cast(:since as double precision)), now()) limit 10000) as recent) as integer)`;

/** How the outbox stands. Nothing is read while no page asks; pages that ask at the same time share one look. */
export function createOverview(connection: Connection): () => Promise<Overview> {
  const { database, target } = connection;
  const sample = createSampler(database);
  const alarms = cached(ACCOUNT_FRESH_MS, () => readAlarms(connection));
  const schedules = cached(ACCOUNT_FRESH_MS, () => readSchedules(connection));
  /** What the rows say must not depend on a permission for something else. */
  const attempt = async <T>(read: () => Promise<T>) => {
    try {
      return { answer: await read(), problem: undefined };
    } catch (error) {
      return { answer: undefined, problem: toRefusal(error, target).problem };
    }
  };
  return cached(SAMPLE_MS, async () => {
    const [backlog, { outage }, pause, rung, ticks] = await Promise.all([
      readBacklog(database),
      readBus(database),
      readPause(database),
      attempt(alarms),
      attempt(schedules),
    ]);
    const { pending, processing, processed, failed, lagSeconds, lastProcessedAt } = backlog;
    const { due, dueLater, blockedKeys } = backlog;
    const samples = await sample(backlog);
    return {
      counts: { pending, processing, processed, failed },
      ...{ due, dueLater, blockedKeys, lagSeconds, lastProcessedAt, samples },
      findings: findingsOf({
        ...{ backlog, outage, pause },
        alarms: rung.answer ?? [],
        schedules: ticks.answer ?? [],
        problems: [rung.problem, ticks.problem].filter((problem) => problem !== undefined),
      }),
      alarms: rung.answer ?? null,
      schedules: ticks.answer ?? [],
    };
  });
}

function createSampler(database: DataApi): (backlog: Backlog) => Promise<readonly Sample[]> {
  let samples: readonly Sample[] = [];
  let since: number | null = null;
  return async ({ pending, lagSeconds }) => {
    const row = new RowReader((await database.query(PROCESSED, { since }))[0]);
    since = row.number(0);
    const at = Date.now();
    const kept = samples.filter((one) => Date.parse(one.at) > at - KEPT_MS);
    samples = [...kept, { at: new Date(at).toISOString(), processed: row.number(1), lagSeconds, pending }];
    return samples;
  };
}
