import type { IncomingMessage, ServerResponse } from 'node:http';
import packageJson from '../../package.json' with { type: 'json' };
import type { Session } from '../api.ts';
import { redrive, replay, skipEvent, startRun } from './changes.ts';
import { type Connection, outboxName } from './connection.ts';
import { readEventStory } from './event-story.ts';
import { readFailures } from './failures.ts';
import { serveFile } from './files.ts';
import { refuseOtherSites, requireJson, requireToken } from './guards.ts';
import { eventId, listEvents, readEventFilter } from './list-events.ts';
import { createMachines } from './machines.ts';
import { createOverview } from './overview.ts';
import { badRequest, notFound, Refusal, toRefusal } from './problem.ts';
import { createHistories } from './run-history.ts';
import { createRuns, readRunsQuery } from './runs.ts';
import { sendJson } from './send-json.ts';

export interface ConsoleOptions {
  readonly readOnly: boolean;
  /** The folder of the built page. */
  readonly pageFolder: string;
  /** What a request must know; none where another guard stands before this handler. */
  readonly token?: string;
}

type Answer = (url: URL, id: string, event: string, body: unknown) => Promise<object>;

const MAX_BODY_BYTES = 512 * 1024;

/** Answers `/api` and serves the page. False when the path is neither's. See ../api.ts. */
export function createConsole(connection: Connection, { readOnly, pageFolder, token }: ConsoleOptions) {
  const { target, database } = connection;
  const machines = createMachines(connection);
  const overview = createOverview(connection);
  const runs = createRuns(connection, machines);
  const histories = createHistories(connection, machines, runs);

  async function session(): Promise<Session> {
    const all = await machines();
    const processor = all.find(({ role }) => role === 'processor');
    return {
      place:
        target.localUrl === undefined
          ? `${outboxName(connection)} in ${regionOf(target.need('processorArn'))}`
          : target.place,
      version: packageJson.version,
      readOnly,
      machines: all.map(({ logGroupName: _, history: __, ...machine }) => machine),
      history: processor?.history ?? 'off',
    };
  }

  const routes: readonly (readonly [method: 'GET' | 'POST', path: RegExp, answer: Answer])[] = [
    ['GET', /^\/api\/session$/, session],
    ['GET', /^\/api\/overview$/, overview],
    ['GET', /^\/api\/failures$/, () => readFailures(database)],
    ['GET', /^\/api\/events$/, (url) => listEvents(database, readEventFilter(url))],
    [
      'GET',
      /^\/api\/events\/([^/]+)$/,
      (url, id) => readEventStory(database, eventId(id), url.searchParams.get('payload') === 'true'),
    ],
    ['GET', /^\/api\/runs$/, (url) => runs.list(readRunsQuery(url))],
    [
      'GET',
      /^\/api\/runs\/([^/]+)$/,
      (url, arn) => histories.run(arn, number(url, 'after') ?? 0, timeIn(url)),
    ],
    [
      'GET',
      /^\/api\/runs\/([^/]+)\/history\/(\d{1,9})$/,
      (url, arn, event) => histories.event(arn, Number(event), timeIn(url)),
    ],
    ['POST', /^\/api\/redrives$/, (_url, _id, _event, body) => redrive(connection, body)],
    ['POST', /^\/api\/skips$/, (_url, _id, _event, body) => skipEvent(connection, body)],
    ['POST', /^\/api\/replays$/, (_url, _id, _event, body) => replay(connection, body)],
    ['POST', /^\/api\/runs$/, () => startRun(connection)],
  ];

  async function answer(request: IncomingMessage, url: URL): Promise<object> {
    if (token !== undefined) requireToken(request, token);
    const found = routes.filter(([, path]) => path.test(url.pathname));
    if (found.length === 0) throw notFound(`the console has no ${url.pathname}`);
    const route = found.find(([method]) => method === request.method);
    if (route === undefined)
      throw new Refusal(
        405,
        'MethodNotAllowed',
        `${url.pathname} takes ${found.map(([method]) => method).join(' and ')}, received ${request.method}`,
      );
    const [method, path, ask] = route;
    const [, id = '', event = ''] = path.exec(url.pathname) ?? [];
    if (method === 'GET') return ask(url, decode(id), event, undefined);
    requireJson(request);
    const body = await readJson(request);
    if (readOnly && !isDryRun(body))
      throw new Refusal(
        403,
        'ReadOnly',
        'this console only reads',
        'start it without --read-only to change something',
      );
    return ask(url, decode(id), event, body);
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const isApi = url.pathname.startsWith('/api/');
    try {
      refuseOtherSites(request);
      if (isApi) sendJson(response, 200, await answer(request, url));
      else if (request.method !== 'GET' && request.method !== 'HEAD') return false;
      else return await serveFile(request, response, pageFolder);
    } catch (error) {
      const { status, problem } = toRefusal(error, target);
      sendJson(response, status, problem);
    }
    return true;
  };
}

const regionOf = (arn: string): string => arn.split(':')[3] ?? '';

const isDryRun = (body: unknown): boolean => (body as { readonly dryRun?: unknown } | null)?.dryRun === true;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badRequest(`${text.slice(0, 80)} is no text that was escaped for an address`);
  }
}

function number({ searchParams }: URL, name: string): number | undefined {
  const value = searchParams.get(name);
  if (value === null) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw badRequest(`${name} is ${value.slice(0, 40)}: expected a whole number`);
  return Number(value);
}

function timeIn({ searchParams }: URL): number | undefined {
  const value = searchParams.get('at');
  if (value === null) return undefined;
  if (Number.isNaN(Date.parse(value))) throw badRequest(`at is ${value.slice(0, 40)}: expected a time`);
  return Date.parse(value);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new Refusal(413, 'TooLarge', `the body exceeds ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
  } catch {
    throw badRequest('the body is not JSON');
  }
}
