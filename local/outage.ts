import type { Pool, QueryResult } from 'pg';

/** Since when the bus has accepted nothing, as the rows tell it. */
export interface Outage {
  readonly since: Date;
  readonly seconds: number;
  readonly errorType: string;
}

// An event that was given back before another one was processed says nothing about the bus of today. Along the index
// of what is due and bounded in both directions, so that looking costs the same at any backlog, whatever the
// statistics say: the two statements are one transaction.
const OUTAGE = `
  select set_config(name, 'off', true)
  from unnest(array['enable_sort', 'enable_seqscan', 'enable_bitmapscan', 'jit']) as name;
  with last as materialized (
    select max(processed_at) as at from outbox_events where status = 'PROCESSED'),
  around_now as (
    (select given_back_since, due_at, last_error_type from outbox_events
     where due_at > now() order by due_at, sequence limit 10000)
    union all
    (select given_back_since, due_at, last_error_type from outbox_events
     where due_at <= now() order by due_at desc, sequence desc limit 10000)),
  given_back as materialized (
    select around_now.* from around_now, last where given_back_since > coalesce(last.at, '-infinity'))
  select min(given_back_since) as since, extract(epoch from now() - min(given_back_since))::float8 as seconds,
    (select left(last_error_type, 160) from given_back order by due_at desc limit 1) as "errorType"
  from given_back having count(*) > 0`;

export async function readOutage(pool: Pool): Promise<Outage | undefined> {
  const [, found] = (await pool.query(OUTAGE)) as unknown as [unknown, QueryResult<Outage>];
  return found.rows[0];
}

/** What is wrong, since when, and what it costs. */
export function describeOutage({ since, seconds, errorType }: Outage): string {
  const clock = since.toISOString().slice(11, 19);
  return `the bus has not accepted anything since ${clock}Z (${Math.round(seconds)} s), ${errorType}: nothing is lost, it drains by itself`;
}
