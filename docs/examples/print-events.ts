import { Pool } from 'pg';
import { consume } from './consumer.ts';

// node --import tsx docs/examples/print-events.ts
const twinUrl = process.env['AWS_ENDPOINT_URL'] ?? 'http://127.0.0.1:4566';
const health = await fetch(`${twinUrl}/_local/health`);
const { postgresUrl } = (await health.json()) as { postgresUrl: string };
const stopping = new AbortController();
process.once('SIGINT', () => stopping.abort());

const pool = new Pool({ connectionString: postgresUrl });
pool.on('error', (error) => console.error(`a connection was lost: ${error.message}`));
await consume(
  pool,
  twinUrl,
  async ({ eventId, aggregateId }, detailType) => console.log(detailType, aggregateId, eventId),
  stopping.signal,
);
await pool.end();
