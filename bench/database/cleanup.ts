import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { DataApi } from '../../outbox/data-api.ts';
import { purge, purgeLimits } from '../../outbox/purge.ts';
import { createPgDataApi } from '../../test/support/pg-data-api.ts';
import { figure } from '../figure.ts';
import { median, type Options, percentile, type Section } from '../section.ts';
import { BATCH, claimAndMark, type Outbox, type Timed, withOutbox } from './outbox.ts';
import { addPending, addProcessed } from './rows.ts';

const sizes = {
  quick: { purgeable: 400_000, phases: 2, phaseMs: 2_500 },
  full: { purgeable: 2_000_000, phases: 8, phaseMs: 5_000 },
};
const ROUND_MS = 60;
const RETENTION_DAYS = 7;
const CALL_MS = 100;
// The settings of the deployed stack: see statemachine/outbox-cleanup.asl.json and infra/settings.ts.
const WORK_SECONDS = 240;
const INTERVAL_SECONDS = 3600;

/** Measures claim and mark with and without a purge at the same time. */
export async function cleanup(options: Options): Promise<Section> {
  const { purgeable, phases, phaseMs } = options.quick ? sizes.quick : sizes.full;
  return withOutbox(options, async (outbox) => {
    options.report(`writing ${purgeable} purgeable events`);
    await addProcessed(outbox.pool, purgeable, RETENTION_DAYS + 1);
    await addPending(outbox.pool, (Math.ceil(phaseMs / ROUND_MS) * phases + 1) * BATCH);
    const undisturbed: Timed[] = [];
    const purging: Timed[] = [];
    const deletions: Deletion[] = [];
    // The phases alternate, so that changes of the table and the machine affect both equally.
    for (let phase = 0; phase < phases; phase += 1) {
      const beside = phase % 2 === 1;
      options.report(beside ? 'claiming while the purge runs' : 'claiming undisturbed');
      const endsAt = performance.now() + phaseMs;
      const [timed, deletion] = await Promise.all([
        claimSteadily(outbox, endsAt),
        beside ? purgeUntil(outbox, endsAt) : undefined,
      ]);
      (beside ? purging : undisturbed).push(...timed);
      if (deletion !== undefined) deletions.push(deletion);
    }
    options.report(`purging with ${CALL_MS} ms a call`);
    const distant = await purgeUntil(outbox, performance.now() + phaseMs, CALL_MS);
    return section(undisturbed, purging, deletions, distant, purgeable);
  });
}

interface Deletion {
  readonly purged: number;
  readonly seconds: number;
  /** The duration of each statement in the database. */
  readonly statementMs: readonly number[];
}

async function claimSteadily({ database }: Outbox, endsAt: number): Promise<Timed[]> {
  const timed: Timed[] = [];
  for (let next = performance.now(); next < endsAt; next += ROUND_MS) {
    await pause(next - performance.now());
    timed.push(await claimAndMark(database));
  }
  return timed;
}

async function purgeUntil({ url }: Outbox, endsAt: number, callMs = 0): Promise<Deletion> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const straight = createPgDataApi(pool);
  const statementMs: number[] = [];
  const database: DataApi = {
    async query(sql, parameters) {
      if (callMs > 0) await pause(callMs);
      const rows = await straight.query(sql, parameters);
      if (rows[0]?.length === 4) statementMs.push(Number(rows[0][3]));
      return rows;
    },
  };
  try {
    const startedAt = performance.now();
    const { purged } = await purge(database, RETENTION_DAYS, endsAt, { now: () => performance.now(), pause });
    return { purged, seconds: (performance.now() - startedAt) / 1000, statementMs };
  } finally {
    await pool.end();
  }
}

const rowsPerSecond = (deletions: readonly Deletion[]) =>
  deletions.reduce((sum, { purged }) => sum + purged, 0) /
  deletions.reduce((sum, { seconds }) => sum + seconds, 0);

function section(
  undisturbed: readonly Timed[],
  purging: readonly Timed[],
  deletions: readonly Deletion[],
  distant: Deletion,
  purgeable: number,
): Section {
  const p99 = (timed: readonly Timed[]) =>
    percentile(
      timed.map(({ claimMs }) => claimMs),
      0.99,
    );
  const row = (name: string, timed: readonly Timed[], perSecond: number | null) => [
    name,
    timed.length,
    figure(median(timed.map(({ claimMs }) => claimMs))),
    figure(p99(timed)),
    figure(median(timed.map(({ markMs }) => markMs))),
    figure(
      percentile(
        timed.map(({ markMs }) => markMs),
        0.99,
      ),
    ),
    perSecond,
  ];
  const statementMs = deletions.flatMap((deletion) => deletion.statementMs);
  const forEver = (rowsPerSecond([distant]) * WORK_SECONDS) / INTERVAL_SECONDS;
  return {
    name: 'cleanup',
    title: 'Purging beside claims',
    method:
      `A claim and mark of ${BATCH} events every ${ROUND_MS} ms, with and without the purge (up to ` +
      `${purgeLimits.rows.toLocaleString('en')} rows a statement, rests as long as the statements) over ` +
      `${purgeable.toLocaleString('en')} purgeable events. Milliseconds.`,
    columns: ['', 'rounds', 'claim p50', 'claim p99', 'mark p50', 'mark p99', 'purged rows/s'],
    rows: [
      row('undisturbed', undisturbed, null),
      row('while the purge runs', purging, figure(rowsPerSecond(deletions))),
    ],
    notes: [
      `claim p99 moves by ${figure(p99(purging) / p99(undisturbed))}x`,
      `a statement takes the database ${figure(median(statementMs))} ms, at the 99th percentile ${figure(percentile(statementMs, 0.99))} ms`,
      `with ${CALL_MS} ms a call and no claims beside it: ${figure(rowsPerSecond([distant])).toLocaleString('en')} rows/s, which with ${WORK_SECONDS} s every hour is ${figure(forEver).toLocaleString('en')} events/s for ever`,
    ],
  };
}
