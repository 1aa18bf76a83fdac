import { Pool } from 'pg';
import { consume } from './consumer.ts';

// node --import tsx docs/examples/print-events.ts
const twinUrl = process.env['AWS_ENDPOINT_URL'] ?? 'http://127.0.0.1:4566';
const health = await fetch(`${twinUrl}/_local/health`);
const { postgresUrl } = (await health.json()) as { postgresUrl: string };
const stopping = new AbortController();
process.once('SIGINT', () => stopping.abort());

// The consumer's tables in a schema of their own.
const pool = new Pool({ connectionString: postgresUrl, options: '-c search_path=consumer' });
pool.on('error', (error) => console.error(`a connection was lost: ${error.message}`));
await pool.query('create schema if not exists consumer');
await consume(
  pool,
  twinUrl,
  async ({ eventId, aggregateId, detailType }) => console.log(detailType, aggregateId, eventId),
  stopping.signal,
);
await pool.end();
