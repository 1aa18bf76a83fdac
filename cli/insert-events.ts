import { randomUUID } from 'node:crypto';
import type { DataApi, TransactionalDataApi } from '../outbox/data-api.ts';
import { DatabaseRefused, DatabaseUnavailable } from '../outbox/errors.ts';
import type { EventSource } from './event-source.ts';
import { Failed } from './exit-codes.ts';
import type { NewEvent } from './new-event.ts';

// The list contains the original JSON of every event, which PostgreSQL parses, so that numbers arrive as written.
const INSERT = `
  insert into outbox_events (id, aggregate_type, aggregate_id, event_type, payload, trace_header, due_at, traceparent)
  select cast(item->>'id' as uuid), event->>'aggregateType', event->>'aggregateId', event->>'eventType',
    event->'payload', event->>'traceHeader', coalesce(cast(event->>'dueAt' as timestamptz), now()),
    event->>'traceparent'
  from jsonb_array_elements(cast(:events as jsonb)) with ordinality as given(item, position),
    lateral (select item->'event' as event) as of_item
  order by position`;

const EXISTS = 'select cast(id as text) from outbox_events where id = cast(:id as uuid)';

// The maximum of a request is 4 MiB.
const BATCH_BYTES = 2 * 1024 * 1024;
const BATCH_EVENTS = 1_000;

/** The ids are generated here, so that a repeated request cannot write an event twice. */
interface Insert {
  readonly id: string;
  readonly json: string;
  readonly position: string;
}

/** Writes all events in one transaction, or none. Returns their ids. */
export async function insertEvents(
  database: TransactionalDataApi,
  source: EventSource,
  onProgress: (done: number) => void,
): Promise<string[]> {
  const ids: string[] = [];
  let current: readonly Insert[] = [];
  try {
    await database.transaction(async (inside) => {
      for await (current of batches(source)) {
        await inside.query(INSERT, { events: asList(current) });
        for (const { id } of current) ids.push(id);
        onProgress(ids.length);
      }
    });
  } catch (error) {
    if (error instanceof DatabaseRefused) throw await findRefused(database, current, error);
    if (error instanceof DatabaseUnavailable && (await isCommitted(database, ids, source))) return ids;
    throw error;
  }
  return ids;
}

async function* batches(source: EventSource): AsyncGenerator<readonly Insert[]> {
  let batch: Insert[] = [];
  let bytes = 0;
  for await (const event of source.read()) {
    const size = Buffer.byteLength(JSON.stringify(event.json), 'utf8');
    if (batch.length > 0 && (batch.length === BATCH_EVENTS || bytes + size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(toInsert(event));
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

function toInsert({ eventId, json, position }: NewEvent): Insert {
  return { id: eventId ?? randomUUID(), json, position };
}

function asList(batch: readonly Insert[]): string {
  return `[${batch.map(({ id, json }) => `{"id":"${id}","event":${json}}`).join(',')}]`;
}

/** A batch does not report which event was refused, so halves of it are tried and rolled back. */
async function findRefused(
  database: TransactionalDataApi,
  batch: readonly Insert[],
  error: DatabaseRefused,
): Promise<Error> {
  const onlyTried = new Error('rolls back what was accepted');
  const refusal = (inserts: readonly Insert[]) =>
    database
      .transaction(async (inside): Promise<never> => {
        await inside.query(INSERT, { events: asList(inserts) });
        throw onlyTried;
      })
      .catch((reason: unknown) => (reason === onlyTried ? undefined : reason));

  let suspects = batch;
  while (suspects.length > 1) {
    const half = suspects.slice(0, Math.ceil(suspects.length / 2));
    suspects = (await refusal(half)) === undefined ? suspects.slice(half.length) : half;
  }
  const [suspect] = suspects;
  const reason = suspect && (await refusal([suspect]));
  // Two events may conflict only with each other, for example with the same id.
  const position =
    reason === undefined ? `${batch[0]?.position} to ${batch.at(-1)?.position}` : suspect?.position;
  return new Failed(`${position}: ${reasonOf(reason ?? error)}; nothing was enqueued`, { cause: error });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error
    ? cause.message.replace(/^DatabaseErrorException: (ERROR: )?/, '')
    : String(cause);
}

/** Whether the commit succeeded and only its answer was lost. */
async function isCommitted(
  database: DataApi,
  ids: readonly string[],
  { total }: EventSource,
): Promise<boolean> {
  const id = ids.at(-1);
  if (id === undefined || ids.length < total) return false;
  return (await database.query(EXISTS, { id })).length > 0;
}
