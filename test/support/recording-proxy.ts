import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ColumnMetadata, Field, SqlParameter } from '@aws-sdk/client-rds-data';

/** One call of ExecuteStatement and the shape of the database's answer. */
export interface RecordedCall {
  readonly secretArn: string;
  readonly sql: string;
  readonly parameters: readonly SqlParameter[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: number;
}

/** The answers of the other services to a client of the proxy. */
const answers: Readonly<Record<string, (request: { Entries?: unknown[] }) => object>> = {
  'AWSEvents.DescribeEventBus': () => ({ Name: 'outbox' }),
  'AWSEvents.PutEvents': ({ Entries = [] }) => ({
    FailedEntryCount: 0,
    Entries: Entries.map(() => ({ EventId: '00000000-0000-4000-8000-0000000000eb' })),
  }),
};

/**
 * A proxy in front of a Data API that forwards every call with a request for column metadata; `onCall` receives each
 * executed statement. The proxy itself answers the calls of EventBridge.
 */
export async function startRecordingProxy(endpoint: string, onCall: (call: RecordedCall) => void) {
  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    const target = String(request.headers['x-amz-target']);
    const answer = answers[target];
    if (answer !== undefined) return response.end(JSON.stringify(answer(JSON.parse(body))));
    const statement = JSON.parse(body) as { secretArn: string; sql: string; parameters?: SqlParameter[] };
    const reply = await fetch(`${endpoint}${request.url}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' },
      body: JSON.stringify({
        ...statement,
        ...(request.url === '/Execute' && { includeResultMetadata: true }),
      }),
    });
    const text = await reply.text();
    if (reply.ok && request.url === '/Execute') {
      const { columnMetadata = [], records = [] } = JSON.parse(text) as {
        columnMetadata?: ColumnMetadata[];
        records?: Field[][];
      };
      const { secretArn, sql, parameters = [] } = statement;
      onCall({ secretArn, sql, parameters, columns: columnMetadata.map(columnOf), rows: records.length });
    }
    response.writeHead(reply.status, { 'x-amzn-errortype': reply.headers.get('x-amzn-errortype') ?? '' });
    return response.end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const columnOf = ({ label = '', typeName = '' }: ColumnMetadata) => ({ name: label, type: typeName });

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
