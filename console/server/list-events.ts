import { halving } from '../../cli/read-in-parts.ts';
import { atMost, isoTime } from '../../cli/sql-columns.ts';
import type { DataApi, Row, SqlValue } from '../../outbox/data-api.ts';
import { dueIndexes } from '../../outbox/due-indexes.ts';
import { RowReader } from '../../outbox/row-reader.ts';
import { canonicalUuid } from '../../outbox/uuid.ts';
import type { EventRow, EventStatus, EventsPage } from '../api.ts';
import { badRequest } from './problem.ts';

export interface EventFilter {
  readonly status: EventStatus | undefined;
  readonly conditions: Readonly<Record<string, string>>;
  /** Where the page before ended: a time and a sequence. */
  readonly before: { readonly at: string; readonly sequence: string } | undefined;
}

const statuses: readonly EventStatus[] = ['pending', 'processing', 'processed', 'failed'];
const PAGE = 100;
// How far an answer looks, whatever the filter is: the cost stays the same in a history of any length.
const SCAN = 20_000;

const comparisons: Readonly<Record<string, string>> = {
  eventType: 'event_type = :eventType',
  aggregateId: 'aggregate_id = :aggregateId',
  errorType: 'last_error_type = :errorType',
  run: 'run_id = :run',
  orderingKey: 'ordering_key = :orderingKey',
  blocksKey:
    "cast(:blocksKey as text) = 'yes' and status = 'FAILED' and ordering_key is not null and skipped_at is null",
  id: 'id = cast(:id as uuid)',
  createdAfter: 'created_at >= cast(:createdAfter as timestamptz)',
  createdBefore: 'created_at < cast(:createdBefore as timestamptz)',
};

// Each branch reads one partial index from its newest end.
const branches: readonly {
  readonly of: readonly EventStatus[];
  readonly at: string;
  readonly where: string;
}[] = [
  ...dueIndexes.map((where) => ({ of: ['pending', 'processing'] as const, at: 'due_at', where })),
  { of: ['failed'], at: 'failed_at', where: "status = 'FAILED'" },
  { of: ['processed'], at: 'processed_at', where: "status = 'PROCESSED'" },
];

/** The columns of {@link readEventRow}. */
export const eventColumns = `
  cast(id as text), lower(status), event_type, ${atMost(500, 'aggregate_type')}, ${atMost(500, 'aggregate_id')}, attempts,
  ${atMost(200, 'last_error_type')}, ${atMost(300, 'last_error')}, ${atMost(500, 'run_id')}, ${isoTime('created_at')},
  ${isoTime('due_at')}, ${isoTime('processed_at')}, ${isoTime('failed_at')}, ordering_key`;
export const EVENT_COLUMNS = 14;

/** A page of events: what is due, failed or was processed last comes first. */
export async function listEvents(database: DataApi, filter: EventFilter): Promise<EventsPage> {
  const { scan, scanParameters, matches, parameters } = statementParts(filter);
  const sql = `
    with scanned as materialized (${scan}),
    page as materialized (
      select id as page_id, at, sequence as position from scanned where ${matches}
      order by at desc, sequence desc limit cast(:limit as integer))
    select ${eventColumns}, ${isoTime('at')}, cast(position as text)
    from page join outbox_events on id = page_id order by page.at desc, page.position desc`;
  const { rows, size } = await halving(PAGE, async (limit) => ({
    rows: await database.query(sql, { ...parameters, limit: limit + 1 }),
    size: limit,
  }));
  const shown = rows.slice(0, size);
  const end =
    rows.length > size
      ? positionOf(shown.at(-1), EVENT_COLUMNS)
      : await scanEnd(database, scan, scanParameters);
  return { events: shown.map(readEventRow), ...(end !== undefined && { next: end }) };
}

function statementParts({ status, conditions, before }: EventFilter) {
  const given = Object.keys(conditions).map((name) => comparisons[name] ?? 'true');
  const matches =
    [...(status === undefined ? [] : ['status = upper(:status)']), ...given].join(' and ') || 'true';
  const behind =
    before === undefined ? '' : '(at, sequence) < (cast(:at as timestamptz), cast(:sequence as bigint))';
  const scans = branches
    .filter(({ of }) => status === undefined || of.includes(status))
    .map(
      ({ at, where }) => `
      (select id, status, sequence, event_type, aggregate_id, ordering_key, skipped_at, last_error_type, run_id, created_at,
         ${at} as at
       from outbox_events
       where ${[where, ...(behind === '' ? [] : [behind.replace('(at', `(${at}`)])].join(' and ')}
       order by ${at} desc, sequence desc limit ${SCAN})`,
    );
  const scan =
    conditions['id'] !== undefined
      ? 'select *, coalesce(due_at, failed_at, processed_at) as at from outbox_events where id = cast(:id as uuid)'
      : `select * from (${scans.join(' union all ')}) as newest order by at desc, sequence desc limit ${SCAN}`;
  const { id } = conditions;
  const scanParameters: Readonly<Record<string, SqlValue>> = id === undefined ? { ...before } : { id };
  const parameters = { ...conditions, ...(status !== undefined && { status }), ...scanParameters };
  return { scan, scanParameters, matches, parameters };
}

/** Where the look ended; undefined when it has seen every event. */
async function scanEnd(
  database: DataApi,
  scan: string,
  parameters: Readonly<Record<string, SqlValue>>,
): Promise<string | undefined> {
  const sql = `select ${isoTime('at')}, cast(sequence as text) from (${scan}) as scanned order by at desc, sequence desc offset ${SCAN - 1} limit 1`;
  const [row] = await database.query(sql, parameters);
  return row && positionOf(row, 0);
}

const positionOf = (columns: Row | undefined, from: number): string => {
  const row = new RowReader(columns);
  return `${row.text(from)}_${row.text(from + 1)}`;
};

export function readEventRow(columns: Row): EventRow {
  const row = new RowReader(columns);
  const optional = (column: number) => row.optionalText(column) ?? null;
  return {
    eventId: row.text(0),
    status: row.text(1) as EventStatus,
    eventType: row.text(2),
    aggregateType: optional(3),
    aggregateId: row.text(4),
    attempts: row.number(5),
    errorType: optional(6),
    error: optional(7),
    runArn: optional(8),
    createdAt: row.text(9),
    dueAt: optional(10),
    processedAt: optional(11),
    failedAt: optional(12),
    orderingKey: optional(13),
  };
}

export function readEventFilter({ searchParams }: URL): EventFilter {
  const given = (name: string) => searchParams.get(name) || undefined;
  const status = statuses.find((known) => known === given('status'));
  if (given('status') !== undefined && status === undefined)
    throw badRequest(`status is ${given('status')}: expected ${statuses.join(', ')}`);
  const conditions: Record<string, string> = {};
  for (const name of Object.keys(comparisons)) {
    const value = given(name);
    if (value !== undefined) conditions[name] = name.startsWith('created') ? time(name, value) : value;
  }
  if (conditions['id'] !== undefined) conditions['id'] = eventId(conditions['id']);
  const [, at, sequence] = /^([\d:.TZ-]+)_(\d{1,19})$/.exec(given('before') ?? '') ?? [];
  if (given('before') !== undefined && (at === undefined || Number.isNaN(Date.parse(at))))
    throw badRequest(`before is ${given('before')}: expected what a page of events ended with`);
  return {
    status,
    conditions,
    before: at === undefined || sequence === undefined ? undefined : { at, sequence },
  };
}

function time(name: string, value: string): string {
  if (Number.isNaN(Date.parse(value)))
    throw badRequest(`${name} is ${value}: expected a time such as 2025-01-31T09:00:00Z`);
  return new Date(value).toISOString();
}

export function eventId(text: string): string {
  const id = canonicalUuid(text);
  if (id === undefined) throw badRequest(`an event's id is a uuid, received ${text.slice(0, 80)}`);
  return id;
}
