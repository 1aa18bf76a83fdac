import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { startPostgres } from '../../../twin/postgres/postgres.ts';
import { migrateDatabase } from '../migrate-database.ts';
import { MUTATIONS, type Mutation } from './patches.ts';
import { soak } from './soak.ts';

const options = new Command()
  .name('npm run soak --')
  .description(
    'Runs ordered events through crashes, lost answers and open transactions, and checks their order.',
  )
  .option('--seeds <n>', 'how many seeds', count, 20)
  .option('--first <n>', 'the first seed', count, 1)
  .option('--events <n>', 'events of each seed', count, 5_000)
  .option('--keys <n>', 'ordering keys of each seed', count, 200)
  .option('--mutations', 'break the product in known ways, and expect that each is found')
  .allowExcessArguments(false)
  .parse()
  .opts<{ seeds: number; first: number; events: number; keys: number; mutations?: true }>();

const dataDir = await mkdtemp(join(tmpdir(), 'outbox-soak-'));
// The data of a soak need not survive a crash.
const server = await startPostgres({ dataDir, databaseName: 'soak', settings: ['fsync=off'] });
try {
  await migrateDatabase(server.url);
  if (options.mutations) for (const mutation of MUTATIONS) await find(mutation);
  else for (const seed of seeds()) await run(seed);
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}

function seeds(): number[] {
  return Array.from({ length: options.seeds }, (_, index) => options.first + index);
}

async function run(seed: number, mutation?: Mutation): Promise<boolean> {
  const { events, keys } = options;
  const startedAt = performance.now();
  try {
    const done = await soak({ seed, url: server.url, events, keys, ...(mutation && { mutation }) });
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    console.log(`seed ${seed}: ${JSON.stringify(done)} in ${seconds} s`);
    return false;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'OrderViolated') throw error;
    console.log(error.message);
    if (mutation === undefined) process.exitCode = 1;
    return true;
  }
}

async function find(mutation: Mutation): Promise<void> {
  for (const seed of seeds()) {
    if (!(await run(seed, mutation))) continue;
    console.log(`found with seed ${seed}: ${mutation.name}`);
    return;
  }
  console.log(`NOT FOUND: ${mutation.name}`);
  process.exitCode = 1;
}

function count(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('give an integer from 1.');
}
