import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { logger } from './telemetry.ts';

// Errors of requests on a connection that had carried another request before.
const onReusedConnection = new WeakSet<object>();

/** https://nodejs.org/api/http.html#agentreusesocketsocket-request */
function remembering<AnyAgent extends HttpAgent>(agent: AnyAgent): AnyAgent {
  const reuseSocket = agent.reuseSocket.bind(agent);
  agent.reuseSocket = (socket, request) => {
    reuseSocket(socket, request);
    request.once('error', (error) => onReusedConnection.add(error));
  };
  return agent;
}

/**
 * HTTP for AWS clients in an environment that Lambda freezes between two invocations. Meanwhile the server closes idle
 * connections, and the first request on one of them is reset before it is answered. This does not mean that the
 * service failed, so the request is sent once more, over a new connection and within the same timeout. The first
 * request may have been processed: use this only for requests that may be processed twice.
 */
export class RequestHandler extends NodeHttpHandler {
  readonly #timeoutMs: number;
  readonly #agents: readonly HttpAgent[];

  /** @param timeoutMs milliseconds for one call, after which it throws; the SDK by default only warns. */
  constructor(timeoutMs: number) {
    const httpAgent = remembering(new HttpAgent({ keepAlive: true }));
    const httpsAgent = remembering(new HttpsAgent({ keepAlive: true }));
    super({
      connectionTimeout: 1_000,
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
      httpAgent,
      httpsAgent,
    });
    this.#timeoutMs = timeoutMs;
    this.#agents = [httpAgent, httpsAgent];
  }

  override async handle(...[request, options]: Parameters<NodeHttpHandler['handle']>) {
    const startedAt = performance.now();
    try {
      return await super.handle(request, options);
    } catch (error) {
      const requestTimeout = Math.floor(this.#timeoutMs - (performance.now() - startedAt));
      if (!isClosedConnection(error) || requestTimeout < 1) throw error;
      logger.debug('an idle connection was closed: sending the request again', { error });
      this.#dropIdleConnections();
      return await super.handle(request, { ...options, requestTimeout });
    }
  }

  /** They were idle as long as the one that was closed, so the server has closed them too. */
  #dropIdleConnections(): void {
    const idle = this.#agents.flatMap((agent) => Object.values(agent.freeSockets));
    for (const socket of idle.flat()) socket?.destroy();
  }
}

function isClosedConnection(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !onReusedConnection.has(error)) return false;
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}
