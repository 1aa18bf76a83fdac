import { figure } from '../figure.ts';
import type { Options, Section } from '../section.ts';
import { LATENCY_MS } from './backlog-run.ts';
import { backlogSection } from './backlog-section.ts';
import { ordered } from './contenders/catalogue.ts';
import { oursDefaults, oursInLanes } from './contenders/ours.ts';
import { pgBossTuned } from './contenders/pg-boss.ts';
import { runInRounds } from './rounds.ts';
import { onStage } from './stage.ts';

/** Measures what order per aggregate costs, and counts the events that arrive out of order. */
export function orderedDrain({ quick, report }: Options): Promise<Section> {
  const backlog = {
    kind: 'bursts',
    events: quick ? 2_000 : 10_000,
    processes: 1,
    limitSeconds: quick ? 3 : 30,
  } as const;
  const rounds = quick ? 1 : 3;
  return onStage(report, async (stage) => {
    const chosen = [pgBossTuned, oursDefaults, oursInLanes, ...ordered];
    const measured = await runInRounds(stage, chosen, backlog, { rounds, report });
    const about = {
      name: 'ordered',
      title: 'Head to head: order per key',
      method:
        `One worker process publishes ${backlog.events} events of 1,000 aggregates, five of each after the other, one event a request, to a stand-in ` +
        `that answers after ${LATENCY_MS} ms; the median of ${rounds} interleaved rounds. Out of order: events that ` +
        'arrived after a later one of their aggregate, in the worst round.',
    };
    const section = backlogSection(about, measured, backlog, stage.statements.unit);
    return {
      ...section,
      columns: [...section.columns, 'out of order'],
      rows: section.rows.map((row, index) => {
        const runs = measured[index]?.runs ?? [];
        return [...row, runs.length === 0 ? null : figure(Math.max(...runs.map((run) => run.outOfOrder)))];
      }),
    };
  });
}
