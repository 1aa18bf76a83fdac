import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Faults } from './faults/faults.ts';
import { AwsError } from './http/aws-error.ts';
import type { ControlSurface } from './http/aws-protocols.ts';
import { decodePath } from './http/decode-path.ts';
import { parseJson, readBody, send } from './http/endpoint.ts';
import { queryNumber } from './http/query-number.ts';
import { sendJsonList } from './http/send-json-list.ts';
import type { BusLog } from './services/event-bridge/bus-log.ts';
import type { Scheduler } from './services/scheduler/scheduler.ts';
import type { HistoryEvent } from './services/step-functions/asl/history.ts';
import type { ExecutionRecord, Executions } from './services/step-functions/executions.ts';
import { toHistoryEvent } from './services/step-functions/history-event.ts';

export interface Health {
  /** Why the twin cannot work now; undefined when it can. */
  readonly problem: string | undefined;
  readonly names: object;
}

export interface ControlOptions {
  readonly health: () => Promise<Health>;
  /** What the application serves beside the twin's own paths; false when a path is not its own. */
  readonly page: ControlSurface;
  readonly bus: BusLog;
  readonly executions: Executions;
  readonly faults: Faults;
  /** Undefined until the twin is ready. */
  readonly scheduler: () => Scheduler | undefined;
}

type Handler = (url: URL, response: ServerResponse, body: () => Promise<unknown>) => Promise<void> | void;

const MAX_BODY_BYTES = 1024 * 1024;

/** The query parameters of a route; the others have none. */
const parameters: Readonly<Record<string, readonly string[]>> = {
  'GET /_local/bus/events': ['after'],
  'POST /_local/tick': ['wait'],
};

/** `/_local`: for people and tests, outside the AWS protocols. */
export function createControl({
  health,
  page,
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
  const routes: Readonly<Record<string, Handler>> = {
    'GET /_local/health': async (_, response) => {
      const { problem, names } = await health();
      const state = problem === undefined ? { status: 'ready' } : { status: 'unavailable', problem };
      sendJson(response, { ...state, ...names }, problem === undefined ? 200 : 503);
    },
    'GET /_local/bus/events': async (url, response) => {
      const asked = queryNumber(url, 'after') ?? 0;
      // From another data folder, most likely. An empty answer would let its caller wait for ever.
      if (asked > bus.length)
        throw new AwsError(
          'BadRequest',
          `after is ${asked}, but the bus has accepted ${bus.length} events: begin again with after=0`,
        );
      // The log is bounded: this may be more than was asked for.
      const after = Math.max(asked, bus.dropped);
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
      const wait = url.searchParams.get('wait') ?? 'false';
      if (!/^(true|false)$/.test(wait))
        throw new AwsError('BadRequest', `wait must be true or false, received ${wait || 'nothing'}`);
      const record = ready().tick();
      if (wait === 'false') return sendJson(response, { executionArn: record.executionArn });
      await record.ended;
      sendJson(response, summary(record));
    },
  };

  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (!url.pathname.startsWith('/_local/')) return page(request, response);
    ready();
    const name = `${request.method} ${url.pathname}`;
    const route = routes[name];
    const executionArn = /^\/_local\/executions\/(.+)$/.exec(url.pathname)?.[1];
    if (route !== undefined) {
      checkParameters(url, parameters[name] ?? []);
      await route(url, response, () => readJson(request));
    } else if (request.method === 'GET' && executionArn !== undefined) {
      await sendExecution(response, executions, decodePath(executionArn));
    } else {
      const known = [...Object.keys(routes), 'GET /_local/executions/{arn}'].join(', ');
      throw new AwsError('NotFound', `no ${request.method} ${url.pathname}: there are ${known}`, 404);
    }
    return true;
  };
}

/** A misspelt parameter would be ignored. */
function checkParameters({ pathname, searchParams }: URL, known: readonly string[]): void {
  const unknown = [...searchParams.keys()].find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new AwsError(
      'BadRequest',
      `${pathname} has ${known.length === 0 ? 'no parameter' : `the parameter ${known}`}, received ${unknown}`,
    );
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

/** Sends the whole execution. Inputs and outputs are repeated where they occur: many times the bytes that are kept. */
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

function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  send(response, status, 'application/json', JSON.stringify(body));
}
