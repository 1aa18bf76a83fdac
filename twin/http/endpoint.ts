import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AwsError, ConnectionReset } from './aws-error.ts';

// Longer than the time between two ticks, so that a warm function keeps its connections. Node's default is five seconds.
const KEEP_ALIVE_MS = 65_000;

/** Listens on 127.0.0.1: one HTTP endpoint for all services. */
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
 * Any web page can make its visitor's browser call 127.0.0.1, also under a name of its own that resolves to it.
 * The browser sends the page's origin in `Origin` and that name in `Host`.
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
