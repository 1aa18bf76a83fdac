import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { answerTo } from './calls.ts';

export interface AwsOverTls {
  readonly url: string;
  /** Path of the certificate, for NODE_EXTRA_CA_CERTS. */
  readonly certificate: string;
  stop(): Promise<void>;
}

/** Answers at once with fixed answers over TLS, which costs the function CPU time too. Needs `openssl`. */
export async function startAwsOverTls(): Promise<AwsOverTls> {
  const folder = await mkdtemp(join(tmpdir(), 'outbox-bench-tls-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject],
    ...['-keyout', key, '-out', certificate],
  ]);
  const server = createServer(
    { key: await readFile(key), cert: await readFile(certificate) },
    (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        response.setHeader('content-type', 'application/json');
        response.end(answer(request.url ?? '', Buffer.concat(parts).toString()));
      });
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    certificate,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await rm(folder, { recursive: true });
    },
  };
}

interface Parameter {
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
}

function answer(path: string, body: string): string {
  const request = JSON.parse(body) as { Entries?: unknown[]; sql?: string; parameters?: Parameter[] };
  if (path !== '/Execute') {
    const Entries = (request.Entries ?? []).map(() => ({ EventId: randomUUID() }));
    return JSON.stringify({ FailedEntryCount: 0, Entries });
  }
  const parameters = Object.fromEntries(
    (request.parameters ?? []).map(({ name, value }) => [name, Object.values(value)[0]]),
  );
  // Non-ASCII characters as JSON escapes, the longest form in which the Data API may answer.
  return JSON.stringify({ records: answerTo({ sql: request.sql ?? '', parameters }) }).replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
