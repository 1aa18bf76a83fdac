import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type Agent, createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { afterEach, describe, expect, test } from '@jest/globals';
import { RequestHandler } from '../../lambdas/runtime/request-handler.ts';
import { clientOptions } from '../support/local-aws.ts';

const TIMEOUT_MS = 2_000;
// A key that both sides share replaces a certificate.
const tls = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
const psk = Buffer.from('a key of this test only');

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const cleanUps: (() => unknown)[] = [];

afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

const answered: Answer = (_, response) => response.end('{}');
/** Resets the connection, as a server does while its client is frozen. */
const reset: Answer = ({ socket }) => {
  const { _parent: tcp } = socket as { _parent?: Socket };
  (tcp ?? socket).resetAndDestroy();
};
const closedPolitely: Answer = ({ socket }) => socket.end();
const unanswered: Answer = () => undefined;

/** A service with one answer for the first request of a connection and another for later ones, and its client. */
async function serviceWith(protocol: 'http' | 'https', first: Answer, later: Answer) {
  const used = new WeakSet<Socket>();
  let received = 0;
  const onRequest: Answer = (request, response) => {
    request.resume().on('end', () => {
      received += 1;
      const answer = used.has(request.socket) ? later : first;
      used.add(request.socket);
      answer(request, response);
    });
  };
  let connections = 0;
  const server: Server =
    protocol === 'http'
      ? createHttpServer(onRequest)
      : createHttpsServer({ ...tls, pskCallback: () => psk }, onRequest);
  server.keepAliveTimeout = 60_000;
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  const handler = new RequestHandler(TIMEOUT_MS);
  const { httpsAgent } = await (handler as unknown as { configProvider: Promise<{ httpsAgent: Agent }> })
    .configProvider;
  Object.assign(httpsAgent.options, {
    ...tls,
    pskCallback: () => ({ psk, identity: 'test' }),
    checkServerIdentity: () => undefined,
  });
  const { port } = server.address() as AddressInfo;
  const client = new RDSDataClient({
    ...clientOptions(`${protocol}://127.0.0.1:${port}`),
    requestHandler: handler,
  });
  cleanUps.push(() => client.destroy());
  return {
    call: () =>
      client.send(new ExecuteStatementCommand({ resourceArn: 'arn:a', secretArn: 'arn:b', sql: 'select 1' })),
    seen: () => ({ received, connections }),
    server,
  };
}

/** The message of the error with which a call fails. */
const failureOf = (call: Promise<unknown>) => call.then(() => 'none', String);

describe.each(['http', 'https'] as const)('over %s, a request on an idle connection', (protocol) => {
  test.each([
    ['was reset', reset],
    ['is closed politely at that moment', closedPolitely],
  ])('a request on an idle connection that %s is sent once more, over a new connection', async (_, later) => {
    const { call, seen } = await serviceWith(protocol, answered, later);
    await call();

    await call();

    expect(seen()).toEqual({ received: 3, connections: 2 });
  });

  test('other idle connections do not prevent the second attempt', async () => {
    const waiting: (() => void)[] = [];
    // Three calls at the same time need three connections.
    const together: Answer = (request, response) => {
      waiting.push(() => answered(request, response));
      if (waiting.length >= 3) for (const answer of waiting.splice(0)) answer();
    };
    let first = together;
    const { call, seen } = await serviceWith(protocol, (...given) => first(...given), reset);
    await Promise.all([call(), call(), call()]);
    first = answered;

    await call();

    expect(seen()).toEqual({ received: 5, connections: 4 });
  });

  test('a request is sent again only once', async () => {
    let first = answered;
    const { call, seen } = await serviceWith(protocol, (...given) => first(...given), reset);
    await call();
    first = reset;

    expect(await failureOf(call())).toContain('ECONNRESET');
    expect(seen()).toEqual({ received: 3, connections: 2 });
  });
});

test('a request that is reset on a new connection is not sent again', async () => {
  const { call, seen } = await serviceWith('http', reset, answered);

  expect(await failureOf(call())).toContain('ECONNRESET');
  expect(seen()).toEqual({ received: 1, connections: 1 });
});

test('a request that is not answered in time is not sent again', async () => {
  const { call, seen } = await serviceWith('http', answered, unanswered);
  await call();

  expect(await failureOf(call())).toContain(`exceeded the configured ${TIMEOUT_MS} ms`);
  expect(seen()).toEqual({ received: 2, connections: 1 });
});

test('a request to a server that has stopped fails at once', async () => {
  const { call, server } = await serviceWith('http', answered, answered);
  await call();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));

  expect(await failureOf(call())).toContain('ECONNREFUSED');
});

test('a request that is sent again has only the remaining time of the call', async () => {
  let first = answered;
  const resetLater: Answer = (request, response) => {
    first = unanswered;
    setTimeout(() => reset(request, response), 500);
  };
  const { call } = await serviceWith('http', (...given) => first(...given), resetLater);
  await call();

  const failure = await failureOf(call());

  const milliseconds = Number(/exceeded the configured (\d+) ms requestTimeout/.exec(failure)?.[1]);
  expect(milliseconds).toBeGreaterThan(0);
  expect(milliseconds).toBeLessThan(TIMEOUT_MS - 490);
});
