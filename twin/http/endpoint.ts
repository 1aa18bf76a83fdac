import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Lambda } from '../services/lambda/invoke.ts';
import { AwsError, ConnectionReset } from './aws-error.ts';
import { parseExact, stringifyExact } from './exact-json.ts';
import { RequestBody } from './request.ts';

/** The connection that a request came over. */
export interface Connection {
  /** Whether it has carried a request before. */
  readonly reused: boolean;
}

export type Operations = Readonly<
  Record<string, (request: RequestBody, connection?: Connection) => Promise<object>>
>;

export interface Services {
  readonly rdsData: Operations;
  readonly eventBridge: Operations;
  readonly stepFunctions: Operations;
  readonly secretsManager: Operations;
  readonly logs: Operations;
  readonly lambda: Lambda;
}

/** Throws AWS's refusal of a call that its caller, known by the `Authorization` header, may not make. */
export type Admit = (
  authorization: string | undefined,
  service: keyof Services,
  operation: string,
  request: RequestBody,
) => void;

/** Answers what no AWS protocol covers; false when the path is not its own. */
export type ControlSurface = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

// The largest of the services' own limits: a Lambda payload.
const MAX_BODY_BYTES = 6 * 1024 * 1024;
const MAX_RDS_DATA_BYTES = 4 * 1024 * 1024;
// Longer than a tick, as the connections of a function that is warm: Node's default is five seconds.
const KEEP_ALIVE_MS = 65_000;

const rdsDataPaths: Readonly<Record<string, string>> = {
  '/Execute': 'ExecuteStatement',
  '/BatchExecute': 'BatchExecuteStatement',
  '/BeginTransaction': 'BeginTransaction',
  '/CommitTransaction': 'CommitTransaction',
  '/RollbackTransaction': 'RollbackTransaction',
};

/** One HTTP endpoint on 127.0.0.1 for every service, told apart as AWS's protocols tell them apart. */
export async function listen(
  port: number,
  route: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
) {
  const server = createServer((request, response) => {
    const answer = async () => {
      refuseOtherSites(request);
      await route(request, response);
    };
    answer().catch((error: unknown) => sendError(response, error));
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE')
      throw new Error(`port ${port} is in use: stop what listens there or choose another --port`);
    throw new Error(`cannot listen on port ${port}: ${error.message}`, { cause: error });
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => close(server) };
}

/**
 * Any web page can make its visitor's browser call 127.0.0.1, and a name of its own can be made to mean 127.0.0.1:
 * the browser tells both, in `Origin` and in `Host`.
 */
function refuseOtherSites({ headers, socket }: IncomingMessage): void {
  const own = ['127.0.0.1', 'localhost'].map((name) => `${name}:${socket.localPort}`);
  if (!own.includes(headers.host ?? ''))
    throw new AwsError(
      'MisdirectedRequest',
      `the twin serves ${own.join(' and ')} only, received the Host header ${headers.host ?? '(none)'}`,
      421,
    );
  if (headers.origin !== undefined && !own.some((host) => headers.origin === `http://${host}`))
    throw new AwsError(
      'ForeignOrigin',
      `the twin answers no other web page, received the Origin header ${headers.origin}`,
      403,
    );
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

type JsonService = 'eventBridge' | 'stepFunctions' | 'secretsManager' | 'logs';

const targets: Readonly<Record<string, readonly [JsonService, contentType: string]>> = {
  AWSEvents: ['eventBridge', 'application/x-amz-json-1.1'],
  AWSStepFunctions: ['stepFunctions', 'application/x-amz-json-1.0'],
  secretsmanager: ['secretsManager', 'application/x-amz-json-1.1'],
  Logs_20140328: ['logs', 'application/x-amz-json-1.1'],
};

export function awsRouter(services: Services, control: ControlSurface, admit: Admit) {
  const known = new WeakSet<IncomingMessage['socket']>();

  async function call(
    service: JsonService | 'rdsData',
    name: string,
    { request, response }: Exchange,
    limit: number,
    connection: Connection,
    parse?: (text: string) => unknown,
  ): Promise<object> {
    const operations = services[service];
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (operation === undefined) throw unsupported(name);
    const text = await readBody(request, limit);
    const body = new RequestBody(parseJson(text, parse), 'BadRequestException', {
      bytes: text.length,
      onLeave: (listener) => response.once('close', listener),
    });
    admit(request.headers.authorization, service, name, body);
    return operation(body, connection);
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const connection = { reused: known.has(request.socket) };
    known.add(request.socket);
    if (await control(request, response)) return;
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const target = request.headers['x-amz-target'];
    if (typeof target === 'string') {
      const [prefix = '', operation = ''] = target.split('.');
      const found = targets[prefix];
      if (found === undefined) throw unsupported(target);
      const [service, contentType] = found;
      const answer = await call(service, operation, { request, response }, MAX_BODY_BYTES, connection);
      return send(response, 200, contentType, JSON.stringify(answer));
    }
    const rdsOperation = rdsDataPaths[path];
    if (request.method === 'POST' && rdsOperation !== undefined) {
      const exchange = { request, response };
      const answer = await call(
        'rdsData',
        rdsOperation,
        exchange,
        MAX_RDS_DATA_BYTES,
        connection,
        parseExact,
      );
      return send(response, 200, 'application/json', stringifyExact(answer));
    }
    const [, encodedName] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(path) ?? [];
    if (request.method === 'POST' && encodedName !== undefined) {
      const FunctionName = decodeURIComponent(encodedName);
      admit(request.headers.authorization, 'lambda', 'Invoke', new RequestBody({ FunctionName }));
      const payload = (await readBody(request, MAX_BODY_BYTES)) || '{}';
      const { payload: answer, functionError } = await services.lambda.invoke(FunctionName, payload);
      response.setHeader('X-Amz-Executed-Version', '1');
      if (functionError !== undefined) response.setHeader('X-Amz-Function-Error', functionError);
      return send(response, 200, 'application/json', answer);
    }
    throw new AwsError('UnknownOperationException', `no operation at ${request.method} ${path}`, 404);
  };
}

function unsupported(operation: string): AwsError {
  return new AwsError(
    'UnknownOperationException',
    `the twin does not support the operation ${operation || '(none)'}`,
  );
}

export function parseJson(body: string, parse: (text: string) => unknown = JSON.parse): unknown {
  try {
    return parse(body || '{}');
  } catch {
    throw new AwsError('SerializationException', 'the body is not json');
  }
}

export async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limit)
      throw new AwsError('RequestEntityTooLargeException', `the body exceeds ${limit} bytes`, 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function sendError(response: ServerResponse, error: unknown): void {
  if (error instanceof ConnectionReset) return void response.socket?.resetAndDestroy();
  const { code, message, status, details } =
    error instanceof AwsError
      ? error
      : {
          code: 'InternalFailure',
          message: error instanceof Error ? (error.stack ?? error.message) : String(error),
          status: 500,
          details: {},
        };
  if (response.headersSent) return void response.destroy();
  // REST protocols name the error in the header, RPC protocols in the body.
  response.setHeader('X-Amzn-ErrorType', code);
  send(response, status, 'application/json', JSON.stringify({ __type: code, message, ...details }));
}
