import type { DataApi } from '../outbox/data-api.ts';
import { dueIndexes } from '../outbox/due-indexes.ts';
import { RowReader } from '../outbox/row-reader.ts';
import { COUNT_LIMIT } from './backlog.ts';
import { duration } from './duration.ts';
import { busRemedy } from './remedy.ts';
import { atMost, isoTime, toSecond } from './sql-columns.ts';

/** The bus refuses events or does not answer. Events were given back, and none has been accepted since. */
export interface Outage {
  /** When the first event was given back. */
  readonly since: string;
  readonly seconds: number;
  /** The number of events that were given back and wait, counted up to {@link COUNT_LIMIT}. */
  readonly events: number;
  /** The error type of the event that was given back last. */
  readonly errorType: string;
  readonly error: string;
}

/** Whether the bus accepts events, derived from the rows of the table. */
export interface BusState {
  readonly outage: Outage | undefined;
  readonly lastProcessedAt: string | undefined;
}

// Statistics that were gathered while nothing was due make plans look cheap that read and sort the whole backlog.
const ALONG_THE_INDEX = `
  select set_config(name, 'off', true)
  from unnest(array['enable_sort', 'enable_seqscan', 'enable_bitmapscan', 'jit']) as name`;

// An event that was given back before another one was processed says nothing about the bus now. There is no index of
// events that were given back. They become due shortly after the run that gave them back, so they are found around
// now: each index of what is due is read in its own order, at most 10,000 rows in each direction. The cost is the same
// with any backlog.
const aroundNow = (indexed: string) => `
    (select given_back_since, due_at, last_error_type, last_error from outbox_events
     where ${indexed} and due_at > now() order by due_at, sequence limit 10000)
    union all
    (select given_back_since, due_at, last_error_type, last_error from outbox_events
     where ${indexed} and due_at <= now() order by due_at desc, sequence desc limit 10000)`;

const BUS = `
  with last as materialized (
    select max(processed_at) as at from outbox_events where status = 'PROCESSED'),
  around_now as (
    ${dueIndexes.map(aroundNow).join(' union all ')}),
  given_back as materialized (
    select around_now.* from around_now, last where given_back_since > coalesce(last.at, '-infinity')),
  newest as (select last_error_type, last_error from given_back order by due_at desc limit 1)
  select cast(least(${COUNT_LIMIT}, (select count(*) from given_back)) as integer),
    (select ${isoTime('min(given_back_since)')} from given_back),
    (select cast(extract(epoch from now() - min(given_back_since)) as double precision) from given_back),
    (select ${atMost(500, 'last_error_type')} from newest), (select ${atMost(500, 'last_error')} from newest),
    ${isoTime('last.at')}
  from last`;

/** What {@link readBus} needs of a database. */
export interface Transactions {
  transaction<T>(work: (inside: DataApi) => Promise<T>): Promise<T>;
}

/** Costs the same with any backlog and any statistics. */
export function readBus(database: Transactions): Promise<BusState> {
  return database.transaction(async (inside) => {
    await inside.query(ALONG_THE_INDEX);
    return readBusInOneCall(inside);
  });
}

/** For a caller that repeats it every second: one call instead of four, but slow while the statistics of a large backlog are old. */
export async function readBusInOneCall(database: DataApi): Promise<BusState> {
  const row = new RowReader((await database.query(BUS))[0]);
  const since = row.optionalText(1);
  return {
    outage:
      since === undefined
        ? undefined
        : {
            since,
            seconds: row.number(2),
            events: row.number(0),
            errorType: row.optionalText(3) ?? 'Unknown',
            error: row.optionalText(4) ?? '',
          },
    lastProcessedAt: row.optionalText(5),
  };
}

/** What is wrong, since when, and what it costs. */
export function describeOutage({ since, seconds, events, errorType, error }: Outage): string {
  const count = events >= COUNT_LIMIT ? `${COUNT_LIMIT} or more` : events;
  const waiting = events === 1 ? '1 event waits and is' : `${count} events wait and are`;
  return `the bus has not accepted anything since ${toSecond(since)} (${duration(seconds)}), ${errorType}: ${error}; nothing is lost, and no attempt is used before outbox:outageLimitSeconds (by default a day): ${waiting} published when the bus accepts again`;
}

/** The same with what to do. */
export function explainOutage(outage: Outage): string {
  return `${describeOutage(outage)}; ${busRemedy(outage.errorType)}`;
}
