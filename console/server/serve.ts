import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { notFound } from './problem.ts';
import { sendJson } from './send-json.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** Listens on 127.0.0.1 and nowhere else. */
export async function serve(handler: Handler, port: number): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    handler(request, response)
      .then((answered) => {
        if (!answered) sendJson(response, 404, notFound('the console has no such page').problem);
      })
      // Nobody is left to be told: the answer has begun, or its reader has gone.
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
