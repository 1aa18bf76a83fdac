import { figure, numberOrNull } from '../figure.ts';
import type { Cell, Options, Section } from '../section.ts';
import { LATENCY_MS } from './backlog-run.ts';
import { guide } from './contenders/guide.ts';
import { oursPacked } from './contenders/ours.ts';
import { type Measured, runInRounds } from './rounds.ts';
import { onStage } from './stage.ts';

const PERCENT = 100;

/** Measures the effect of several workers on one backlog. */
export async function duplicates({ quick, report }: Options): Promise<Section> {
  const backlog = { kind: 'small', events: quick ? 1_000 : 8_000, limitSeconds: quick ? 2 : 6 } as const;
  return onStage(report, async (stage) => {
    const rows: (readonly Cell[])[] = [];
    const notes: string[] = [];
    for (const processes of quick ? [1, 4] : [1, 2, 4, 8]) {
      const measured = await runInRounds(
        stage,
        [guide, oursPacked],
        { ...backlog, processes },
        {
          rounds: 1,
          report: (step) => report(`${processes} processes, ${step}`),
        },
      );
      rows.push([processes, ...measured.flatMap(cells)]);
      notes.push(...measured.flatMap((each) => problems(each, processes)));
    }
    return {
      name: 'duplicates',
      title: 'Several workers at once',
      method:
        `1 to 8 worker processes on one backlog of ${backlog.events} events, answers after ${LATENCY_MS} ms. ` +
        `A run ends after ${backlog.limitSeconds} s. Received twice: share of the events received.`,
      columns: [
        'processes',
        `${guide.name}, events/s`,
        'received twice, %',
        `${oursPacked.name}, events/s`,
        'received twice, %',
      ],
      rows,
      notes,
      chart: {
        kind: 'bars',
        unit: '% received twice',
        labels: rows.map(([processes]) => `${processes}`),
        series: [
          { name: guide.name, values: rows.map((row) => numberOrNull(row[2])) },
          { name: oursPacked.name, values: rows.map((row) => numberOrNull(row[4])) },
        ],
      },
    };
  });
}

function cells({ runs: [run] }: Measured): Cell[] {
  if (run === undefined) return [null, null];
  return [figure(run.eventsPerSecond), figure((run.receivedTwice / Math.max(1, run.received)) * PERCENT)];
}

function problems({ contender, problem }: Measured, processes: number): string[] {
  return problem === undefined ? [] : [`${contender.name}, ${processes} processes: failed: ${problem}`];
}
