import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { purge } from '../../outbox/purge.ts';
import { figure } from '../figure.ts';
import { createPgDataApi } from '../pg-data-api.ts';
import { median, type Options, percentile, type Section } from '../section.ts';
import { BATCH, claimAndMark, type Outbox, type Timed, withOutbox } from './outbox.ts';
import { addPending, addProcessed } from './rows.ts';

const sizes = {
  quick: { purgeable: 50_000, phases: 2, phaseMs: 2_500 },
  full: { purgeable: 1_000_000, phases: 4, phaseMs: 10_000 },
};
const ROUND_MS = 60;
// As the processor is deployed: see infra/handlers.ts.
const purgeSettings = { retentionDays: 7, batch: 250, pauseMs: 50 };

/** Claim and mark while the purge deletes beside them, and while it does not. */
export async function cleanup(options: Options): Promise<Section> {
  const { purgeable, phases, phaseMs } = options.quick ? sizes.quick : sizes.full;
  return withOutbox(options, async (outbox) => {
    options.report(`writing ${purgeable} purgeable events`);
    await addProcessed(outbox.pool, purgeable, purgeSettings.retentionDays + 1);
    await addPending(outbox.pool, (Math.ceil(phaseMs / ROUND_MS) * phases + 1) * BATCH);
    const undisturbed: Timed[] = [];
    const purging: Timed[] = [];
    let purged = 0;
    // Taken in turns, so that a table and a machine that change meanwhile favour neither.
    for (let phase = 0; phase < phases; phase += 1) {
      const beside = phase % 2 === 1;
      options.report(beside ? 'claiming while the purge runs' : 'claiming undisturbed');
      const endsAt = performance.now() + phaseMs;
      const [timed, deleted] = await Promise.all([
        claimSteadily(outbox, endsAt),
        beside ? purgeUntil(outbox, endsAt) : 0,
      ]);
      (beside ? purging : undisturbed).push(...timed);
      purged += deleted;
    }
    const purgeSeconds = (Math.floor(phases / 2) * phaseMs) / 1000;
    return section(undisturbed, purging, purged / purgeSeconds, purgeable);
  });
}

async function claimSteadily({ database }: Outbox, endsAt: number): Promise<Timed[]> {
  const timed: Timed[] = [];
  for (let next = performance.now(); next < endsAt; next += ROUND_MS) {
    await pause(next - performance.now());
    timed.push(await claimAndMark(database));
  }
  return timed;
}

async function purgeUntil({ url }: Outbox, endsAt: number): Promise<number> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  try {
    const timeIsUp = () => performance.now() >= endsAt;
    return (await purge(createPgDataApi(pool), purgeSettings, timeIsUp, pause)).purged;
  } finally {
    await pool.end();
  }
}

function section(
  undisturbed: readonly Timed[],
  purging: readonly Timed[],
  purgedPerSecond: number,
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
  const minutes = 1_000_000 / purgedPerSecond / 60;
  return {
    name: 'cleanup',
    title: 'Purging beside claims',
    method:
      `A claim and mark of ${BATCH} events every ${ROUND_MS} ms, with and without the purge (${purgeSettings.batch} rows a ` +
      `statement, ${purgeSettings.pauseMs} ms pause) over ${purgeable.toLocaleString('en')} purgeable events. Milliseconds.`,
    columns: ['', 'rounds', 'claim p50', 'claim p99', 'mark p50', 'mark p99', 'purged rows/s'],
    rows: [
      row('undisturbed', undisturbed, null),
      row('while the purge runs', purging, figure(purgedPerSecond)),
    ],
    notes: [
      `claim p99 moves by ${figure(p99(purging) / p99(undisturbed))}x`,
      `at this rate a million rows take ${figure(minutes)} minutes of purging`,
    ],
  };
}
