import { figure, numberOrNull } from '../figure.ts';
import type { Cell, Options, Section } from '../section.ts';
import { LATENCY_MS } from './backlog-run.ts';
import type { Contender } from './contenders/contender.ts';
import { graphileTuned } from './contenders/graphile-worker.ts';
import { guide } from './contenders/guide.ts';
import { oursDefaults, oursPacked } from './contenders/ours.ts';
import { pgBossPacked, pgBossTuned } from './contenders/pg-boss.ts';
import { pollingTuned } from './contenders/pg-transactional-outbox-polling.ts';
import { replicationTuned } from './contenders/pg-transactional-outbox-replication.ts';
import { onStage, type Stage } from './stage.ts';
import { type Load, runSteady } from './steady-run.ts';

// The contenders that come near this rate; the drain shows the others at their defaults.
const all = [
  guide,
  pollingTuned,
  replicationTuned,
  graphileTuned,
  pgBossTuned,
  pgBossPacked,
  oursDefaults,
  oursPacked,
];
const forQuick = [guide, oursPacked];

/** Measures how long an event waits when there is no backlog. */
export async function latency({ quick, report }: Options): Promise<Section> {
  const load = { perSecond: 200, seconds: quick ? 5 : 12 };
  const contenders = quick ? forQuick : all;
  return onStage(report, async (stage) => {
    const rows: (readonly Cell[])[] = [];
    const notes: string[] = [];
    for (const contender of contenders) {
      report(`${load.perSecond} events/s for ${load.seconds} s: ${contender.name}`);
      const { row, note } = await measure(stage, contender, load);
      rows.push(row);
      if (note !== undefined) notes.push(note);
    }
    return {
      name: 'latency',
      title: 'Head to head: from commit to EventBridge',
      method:
        `A process of its own writes ${load.perSecond} events/s for ${load.seconds} s, one a transaction. Milliseconds ` +
        `from the commit to the moment when the request has been received, which is answered after ${LATENCY_MS} ms.`,
      columns: ['contender', 'p50 ms', 'p99 ms', 'received', 'of'],
      rows,
      notes,
      chart: {
        kind: 'bars',
        unit: 'ms',
        labels: contenders.map(({ name }) => name),
        series: [
          { name: 'p50', values: rows.map((row) => numberOrNull(row[1])) },
          { name: 'p99', values: rows.map((row) => numberOrNull(row[2])) },
        ],
        logarithmic: true,
      },
    };
  });
}

async function measure(
  stage: Stage,
  contender: Contender,
  load: Load,
): Promise<{ readonly row: readonly Cell[]; readonly note?: string }> {
  const { name } = contender;
  try {
    const { written, received, p50Ms, p99Ms } = await runSteady(stage, contender, load);
    const isEmpty = received === 0;
    const row = [name, isEmpty ? null : figure(p50Ms), isEmpty ? null : figure(p99Ms), received, written];
    const note = `${name}: did not keep up, ${written - received} of ${written} events had not been received`;
    return received < written ? { row, note } : { row };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { row: [name, null, null, null, null], note: `${name}: failed: ${reason}` };
  }
}
