import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError } from './aws-error.ts';
import { decodePath } from './decode-path.ts';
import { parseJson, readBody, send } from './endpoint.ts';
import { parseExact, stringifyExact } from './exact-json.ts';
import { errorToXml, isQuery, parseQuery, toXml } from './query-protocol.ts';
import { RequestBody } from './request.ts';

/** The connection that a request came over. */
export interface Connection {
  /** Whether it was used for a request before. */
  readonly reused: boolean;
}

export type Operation = (request: RequestBody, connection?: Connection) => Promise<object>;

/** By the names that AWS gives them. */
export type Operations = Readonly<Record<string, Operation>>;

/** Lambda answers with a payload of its own instead of an object. */
interface InvokedByName {
  invoke(
    nameOrArn: string,
    payload: string,
  ): Promise<{ readonly payload: string; readonly functionError?: string }>;
}

export interface Services {
  readonly rdsData: Operations;
  readonly eventBridge: Operations;
  readonly stepFunctions: Operations;
  readonly secretsManager: Operations;
  readonly logs: Operations;
  readonly cloudWatch: Operations;
  readonly cloudFormation: Operations;
  readonly scheduler: Operations;
  readonly lambda: InvokedByName;
}

/** Throws AWS's refusal of a call that its caller, known by the `Authorization` header, may not make. */
export type Admit = (
  authorization: string | undefined,
  service: keyof Services,
  operation: string,
  request: RequestBody,
) => void;

/** Answers requests outside AWS's protocols; false when the path is not its own. */
export type ControlSurface = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

// The largest of the services' own limits: a Lambda payload.
const MAX_BODY_BYTES = 6 * 1024 * 1024;
const MAX_RDS_DATA_BYTES = 4 * 1024 * 1024;
const rdsDataPaths: Readonly<Record<string, string>> = {
  '/Execute': 'ExecuteStatement',
  '/BatchExecute': 'BatchExecuteStatement',
  '/BeginTransaction': 'BeginTransaction',
  '/CommitTransaction': 'CommitTransaction',
  '/RollbackTransaction': 'RollbackTransaction',
};

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

type JsonService = 'eventBridge' | 'stepFunctions' | 'secretsManager' | 'logs' | 'cloudWatch';

const targets: Readonly<Record<string, readonly [JsonService, contentType: string]>> = {
  AWSEvents: ['eventBridge', 'application/x-amz-json-1.1'],
  AWSStepFunctions: ['stepFunctions', 'application/x-amz-json-1.0'],
  secretsmanager: ['secretsManager', 'application/x-amz-json-1.1'],
  Logs_20140328: ['logs', 'application/x-amz-json-1.1'],
  GraniteServiceVersion20100801: ['cloudWatch', 'application/x-amz-json-1.0'],
};

/** By the API version that a request of the query protocol names, which is all that tells the services apart. */
const queryServices: Readonly<Record<string, 'cloudFormation'>> = { '2010-05-15': 'cloudFormation' };

/** Finds the service and the operation of a request as AWS's protocols name them: in X-Amz-Target or in the path. */
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

  async function callByQuery({ request, response }: Exchange): Promise<void> {
    try {
      const { operation, version, parameters } = parseQuery(await readBody(request, MAX_BODY_BYTES));
      const service = queryServices[version];
      const run = service && services[service][operation];
      if (service === undefined || run === undefined) throw unsupported(operation);
      const body = new RequestBody(parameters, 'ValidationError');
      admit(request.headers.authorization, service, operation, body);
      send(response, 200, 'text/xml', toXml(operation, await run(body)));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      send(response, error.status, 'text/xml', errorToXml(error));
    }
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
    if (request.method === 'POST' && path === '/' && isQuery(request))
      return callByQuery({ request, response });
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
    const scheduleName = /^\/schedules\/([^/]+)$/.exec(path)?.[1];
    if (request.method === 'GET' && /^\/schedules(\/|$)/.test(path)) {
      const { searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
      const query = Object.fromEntries(
        [...searchParams].map(([name, value]) => [name === 'groupName' ? 'GroupName' : name, value]),
      );
      const name = scheduleName === undefined ? 'ListSchedules' : 'GetSchedule';
      const body = new RequestBody({
        ...query,
        ...(scheduleName && { Name: decodePath(scheduleName) }),
      });
      const operation = services.scheduler[name];
      if (operation === undefined) throw unsupported(name);
      admit(request.headers.authorization, 'scheduler', name, body);
      return send(response, 200, 'application/json', JSON.stringify(await operation(body)));
    }
    const [, encodedName] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(path) ?? [];
    if (request.method === 'POST' && encodedName !== undefined) {
      const FunctionName = decodePath(encodedName);
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
