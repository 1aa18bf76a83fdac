import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** Listens on 127.0.0.1 and nowhere else. */
export async function serve(handler: Handler, port: number): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    handler(request, response)
      .then((answered) => {
        if (!answered) sendMissing(response);
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

function sendMissing(response: ServerResponse): void {
  const body = JSON.stringify({ error: 'NotFound', message: 'the console has no such page' });
  response.writeHead(404, { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' });
  response.end(body);
}
