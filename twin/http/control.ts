import type { IncomingMessage, ServerResponse } from 'node:http';
import { createConsoleApi } from '../../local/console-api.ts';
import { serveConsoleFile } from '../../local/console-files.ts';
import type { Faults } from '../faults/faults.ts';
import type { BusLog } from '../services/event-bridge/bus-log.ts';
import type { Scheduler } from '../services/scheduler/scheduler.ts';
import type { HistoryEvent } from '../services/step-functions/asl/history.ts';
import type { ExecutionRecord, Executions } from '../services/step-functions/executions.ts';
import { toHistoryEvent } from '../services/step-functions/history-event.ts';
import { AwsError } from './aws-error.ts';
import { type ControlSurface, parseJson, readBody, send } from './endpoint.ts';
import { sendJsonList } from './send-json-list.ts';

export interface ControlOptions {
  readonly health: object;
  readonly bus: BusLog;
  readonly executions: Executions;
  readonly faults: Faults;
  /** Undefined until everything serves. */
  readonly scheduler: () => Scheduler | undefined;
}

type Handler = (url: URL, response: ServerResponse, body: () => Promise<unknown>) => Promise<void> | void;

const MAX_BODY_BYTES = 1024 * 1024;

/** `/_local`: for people and tests, outside the AWS protocols. */
export function createControl({
  health,
  bus,
  executions,
  faults,
  scheduler,
}: ControlOptions): ControlSurface {
  function ready(): Scheduler {
    const started = scheduler();
    if (started === undefined) throw new AwsError('ServiceUnavailable', 'the twin is starting', 503);
    return started;
  }
  // The health is the twin's, and says to everybody where its database is.
  const { postgresUrl } = health as { readonly postgresUrl: string };
  const readForConsole = createConsoleApi({ postgresUrl, bus, executions });
  const routes: Readonly<Record<string, Handler>> = {
    'GET /_local/health': (_, response) => sendJson(response, health),
    'GET /_local/bus/events': async (url, response) => {
      const after = Math.max(wholeNumber(url, 'after'), bus.dropped);
      // The log is bounded: this may be more than was asked for.
      response.setHeader('X-Events-Before', after);
      await sendJsonList(response, textsOf(bus.readTexts(after)));
    },
    'GET /_local/executions': (_, response) => sendJson(response, executions.list().map(summary)),
    'GET /_local/faults': (_, response) => sendJson(response, faults.list()),
    'PUT /_local/faults': async (_, response, body) => {
      faults.replace(await body());
      sendJson(response, faults.list());
    },
    'DELETE /_local/faults': (_, response) => {
      faults.replace([]);
      sendJson(response, []);
    },
    'POST /_local/tick': async (url, response) => {
      const record = ready().tick();
      if (url.searchParams.get('wait') !== 'true')
        return sendJson(response, { executionArn: record.executionArn });
      await record.ended;
      sendJson(response, summary(record));
    },
  };

  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (!url.pathname.startsWith('/_local/')) return serveConsoleFile(request, response);
    ready();
    const read = request.method === 'GET' ? readForConsole(url, response) : undefined;
    const route = routes[`${request.method} ${url.pathname}`];
    const executionArn = /^\/_local\/executions\/(.+)$/.exec(url.pathname)?.[1];
    if (read !== undefined) sendJson(response, await read);
    else if (route !== undefined) await route(url, response, () => readJson(request));
    else if (request.method === 'GET' && executionArn !== undefined) {
      await sendExecution(response, executions, decodeURIComponent(executionArn));
    } else {
      const known = [
        ...Object.keys(routes),
        'GET /_local/executions/{arn}',
        'GET /_local/outbox',
        'GET /_local/runs',
      ].join(', ');
      throw new AwsError('NotFound', `no ${request.method} ${url.pathname}: there are ${known}`, 404);
    }
    return true;
  };
}

function summary({
  executionArn,
  stateMachineArn,
  name,
  status,
  startDate,
  stopDate,
  ...rest
}: ExecutionRecord) {
  const { input, output, error, cause } = rest;
  return { executionArn, stateMachineArn, name, status, startDate, stopDate, input, output, error, cause };
}

/** The whole of it, with each input and output where it occurs: many times the bytes that are kept. */
async function sendExecution(
  response: ServerResponse,
  executions: Executions,
  executionArn: string,
): Promise<void> {
  const record = executions.get(executionArn);
  if (record === undefined) throw new AwsError('NotFound', `no execution ${executionArn}`, 404);
  const before = `${JSON.stringify(summary(record)).slice(0, -1)},"history":`;
  await sendJsonList(response, textsOfHistory([...record.history]), { before, after: '}' });
}

function* textsOfHistory(history: readonly HistoryEvent[]): Generator<string> {
  for (const event of history) yield JSON.stringify(toHistoryEvent(event));
}

async function* textsOf(events: ReturnType<BusLog['readTexts']>): AsyncGenerator<string> {
  for await (const { text } of events) yield text;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  return parseJson(await readBody(request, MAX_BODY_BYTES));
}

function wholeNumber(url: URL, name: string): number {
  const value = url.searchParams.get(name) ?? '0';
  if (!/^\d{1,15}$/.test(value))
    throw new AwsError('BadRequest', `${name} must be a whole number, received ${value}`);
  return Number(value);
}

function sendJson(response: ServerResponse, body: unknown): void {
  send(response, 200, 'application/json', JSON.stringify(body));
}
