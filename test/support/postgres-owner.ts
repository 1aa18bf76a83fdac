// A process that owns a PostgreSQL and waits to be killed: node --import tsx postgres-owner.ts <data directory>
import { startPostgres } from '../../twin/postgres/postgres.ts';

const [, , dataDir = ''] = process.argv;
const { url } = await startPostgres({ dataDir, databaseName: 'outbox' });
process.stdout.write(`${url}\n`);
setInterval(() => undefined, 60_000);
