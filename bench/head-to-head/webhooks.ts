import type { Options, Section } from '../section.ts';
import { LATENCY_MS } from './backlog-run.ts';
import { backlogSection } from './backlog-section.ts';
import { oursInLanes, oursPacked } from './contenders/ours.ts';
import { pgBossPacked, pgBossTuned } from './contenders/pg-boss.ts';
import { runInRounds } from './rounds.ts';
import { onStage } from './stage.ts';

const packing = [pgBossPacked, oursPacked];

/** Measures how fast the fastest contenders publish a backlog of events with realistic sizes. */
export function webhooks({ quick, report }: Options): Promise<Section> {
  const backlog = {
    kind: 'webhooks',
    events: quick ? 500 : 3_000,
    processes: 1,
    limitSeconds: quick ? 3 : 20,
  } as const;
  const rounds = 1;
  return onStage(report, async (stage) => {
    const chosen = quick ? packing : [pgBossTuned, oursInLanes, ...packing];
    const measured = await runInRounds(stage, chosen, backlog, { rounds, report });
    const about = {
      name: 'webhooks',
      title: 'Head to head: real payloads',
      method:
        `One worker process publishes ${backlog.events} of GitHub's own webhook examples, 10 KB on average, to a ` +
        `stand-in that answers after ${LATENCY_MS} ms; the median of ${rounds} interleaved rounds.`,
    };
    return backlogSection(about, measured, backlog, stage.statements.unit);
  });
}
