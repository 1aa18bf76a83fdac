import { SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll } from '@jest/globals';
import pg from 'pg';
import { clientOptions } from './local-aws.ts';
import { shared } from './shared.ts';
import { startTwinProcess, type TwinProcess, temporaryDataDir } from './twin-process.ts';

/** A twin without sample events and ticks, and the clients that tests use with it. */
export interface TwinUnderTest {
  readonly twin: TwinProcess;
  /** Connects directly to its PostgreSQL, to prepare and to check. */
  readonly pool: pg.Pool;
  readonly stepFunctions: SFNClient;
}

/**
 * Starts a twin without sample events and ticks. It runs what `npm start` would synthesize, made once for all tests,
 * unless the flags configure another stack.
 */
export async function startIdleTwin(...flags: readonly string[]): Promise<TwinProcess> {
  const isOther = flags.some((flag) => ['-c', '--context', '--assembly'].includes(flag));
  const assembly = isOther ? [] : ['--assembly', await shared('assembly')];
  return startTwinProcess('--events', '0', '--tick', '0', ...assembly, ...flags);
}

/** Starts a twin with these flags before the tests of the file or block, and stops it after them. */
export function useTwin(started: (underTest: TwinUnderTest) => void, ...flags: readonly string[]): void {
  const cleanUps: (() => Promise<unknown> | unknown)[] = [];

  beforeAll(async () => {
    const { dataDir, remove } = await temporaryDataDir();
    cleanUps.push(remove);
    const twin = await startIdleTwin('--data-dir', dataDir, ...flags);
    cleanUps.push(twin.stop);
    const pool = new pg.Pool({ connectionString: twin.health.postgresUrl });
    pool.on('error', () => undefined); // the server may be stopped, or end with the twin
    cleanUps.push(() => pool.end());
    const stepFunctions = new SFNClient({ ...clientOptions(twin.url), disableHostPrefix: true });
    cleanUps.push(() => stepFunctions.destroy());
    started({ twin, pool, stepFunctions });
  });

  afterAll(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });
}
