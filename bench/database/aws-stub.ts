import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { claimAnswer } from '../claim-answer.ts';
import { BATCH } from './outbox.ts';

export interface AwsStub {
  readonly url: string;
  stop(): Promise<void>;
}

/** Answers every claim with a full batch and accepts every published event. */
export async function startAwsStub(): Promise<AwsStub> {
  const detail = JSON.stringify({ name: 'Laksa', text: 'x'.repeat(271) });
  const claimed = JSON.stringify({ records: claimAnswer(BATCH, detail) });
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(request.url === '/Execute' ? claimed : accepted(Buffer.concat(parts).toString()));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function accepted(body: string): string {
  const { Entries = [] } = JSON.parse(body) as { Entries?: unknown[] };
  return JSON.stringify({ FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: randomUUID() })) });
}
