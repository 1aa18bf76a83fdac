import type { ServerResponse } from 'node:http';
import pg from 'pg';
import type { Twin } from '../twin/deploy.ts';
import { AwsError } from '../twin/http/aws-error.ts';
import { queryNumber } from '../twin/http/query-number.ts';
import { isConnectionLost } from '../twin/postgres/connection.ts';
import type { AcceptedEvent, BusLog } from '../twin/services/event-bridge/bus-log.ts';
import { listRuns, readRun, readRunEvent } from './console-runs.ts';
import { watchStatus } from './console-status.ts';
import { type EventFilter, eventStatuses, failureReasons, listEvents, readEvent } from './outbox-queries.ts';

type Answer = (url: URL, response: ServerResponse, ...captured: string[]) => Promise<unknown> | unknown;

const MOST_ON_BUS = 20;

export const consolePaths = ['/_local/outbox', '/_local/runs'];

/**
 * The API of the console page, all with GET under `/_local`:
 *
 * - `/outbox`: counts by status, lag, events published, and samples of both over the last minutes
 * - `/outbox/failed`, formerly `/outbox/parked`: the failed events by error type and event type
 * - `/outbox/events?status&eventType&aggregateId&errorType&run&id&before`: a page of 100, newest first
 * - `/outbox/events/{id}`: the whole row; `/outbox/events/{id}/bus`: its entries on the bus, with their order
 * - `/runs?machine&idle=true`: the newest executions; without `idle` only those that found something
 * - `/runs/{arn}?after=N`: one execution with its history after event N, without inputs and outputs
 * - `/runs/{arn}/history/{id}`: one complete event of that history
 */
export function createConsoleApi({
  postgresUrl,
  bus,
  executions,
}: Pick<Twin, 'postgresUrl' | 'bus' | 'executions'>) {
  // Idle connections would delay the end of the twin and its PostgreSQL, which closes them: hence the listener.
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 2, allowExitOnIdle: true });
  pool.on('error', () => undefined);
  const status = watchStatus(pool, bus);

  const routes: readonly (readonly [RegExp, Answer])[] = [
    [/^\/_local\/outbox$/, () => status()],
    [/^\/_local\/outbox\/(?:failed|parked)$/, () => failureReasons(pool)],
    [
      /^\/_local\/outbox\/events$/,
      async (url) => listEvents(pool, await readFilter(pool, url), queryNumber(url, 'before')),
    ],
    [
      /^\/_local\/outbox\/events\/([^/]+)$/,
      async (_url, _response, id) => {
        const event = await readEvent(pool, await uuid(pool, id));
        if (event === undefined) throw new AwsError('NotFound', `no event ${id}`, 404);
        return event;
      },
    ],
    [
      /^\/_local\/outbox\/events\/([^/]+)\/bus$/,
      async (_url, response, id) => entriesOf(bus, await uuid(pool, id), () => response.destroyed),
    ],
    [
      /^\/_local\/runs$/,
      ({ searchParams }) =>
        listRuns(executions, searchParams.get('machine') ?? undefined, searchParams.get('idle') === 'true'),
    ],
    [
      /^\/_local\/runs\/([^/]+)$/,
      (url, _, arn = '') => readRun(executions, arn, queryNumber(url, 'after') ?? 0),
    ],
    [
      /^\/_local\/runs\/([^/]+)\/history\/(\d{1,9})$/,
      (_url, _response, arn = '', id) => readRunEvent(executions, arn, Number(id)),
    ],
  ];

  /** Undefined when the path is not part of this API. */
  return (url: URL, response: ServerResponse): Promise<unknown> | undefined => {
    for (const [path, answer] of routes) {
      const [match, ...captured] = path.exec(url.pathname) ?? [];
      if (match !== undefined) return ask(() => answer(url, response, ...captured.map(decodeURIComponent)));
    }
    return undefined;
  };
}

async function ask(answer: () => unknown): Promise<unknown> {
  try {
    return await answer();
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    const reason = error.message || error.code;
    throw new AwsError('DatabaseUnavailable', `the database does not answer: ${reason}`, 503);
  }
}

/** Reads the whole log, so the page requests this once and not at every refresh. */
async function entriesOf(bus: BusLog, id: string, unwanted: () => boolean): Promise<object> {
  const entries: (AcceptedEvent & { order: number })[] = [];
  for await (const { text, position } of bus.readTexts(0)) {
    if (unwanted() || entries.length === MOST_ON_BUS) break;
    if (!text.includes(id)) continue;
    const event = JSON.parse(text) as AcceptedEvent;
    if (event.Detail.includes(id)) entries.push({ ...event, order: position + 1 });
  }
  return { entries, published: bus.length };
}

async function readFilter(pool: pg.Pool, { searchParams }: URL): Promise<EventFilter> {
  const given = (name: string) => searchParams.get(name) || undefined;
  const status = eventStatuses.find((known) => known === given('status'));
  if (given('status') !== undefined && status === undefined)
    throw new AwsError('BadRequest', `no status ${given('status')}, only ${eventStatuses.join(', ')}`);
  const id = given('id');
  return {
    status,
    eventType: given('eventType'),
    aggregateId: given('aggregateId'),
    errorType: given('errorType'),
    run: given('run'),
    id: id && (await uuid(pool, id)),
  };
}

/** The UUID in the form that PostgreSQL prints, from any form that it reads. */
async function uuid(pool: pg.Pool, text = ''): Promise<string> {
  try {
    const { rows } = await pool.query<{ id: string }>('select cast($1 as uuid) as id', [text]);
    return rows[0]?.id ?? text;
  } catch (error) {
    if (error instanceof pg.DatabaseError)
      throw new AwsError('BadRequest', `an event's id is a UUID, received ${text}`);
    throw error;
  }
}
