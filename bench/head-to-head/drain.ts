import type { Options, Section } from '../section.ts';
import { LATENCY_MS } from './backlog-run.ts';
import { backlogSection, withGuideAsDeployed } from './backlog-section.ts';
import { contenders } from './contenders/catalogue.ts';
import { guide } from './contenders/guide.ts';
import { oursDefaults, oursPacked } from './contenders/ours.ts';
import { pgBossPacked } from './contenders/pg-boss.ts';
import { runInRounds } from './rounds.ts';
import { onStage } from './stage.ts';

const forQuick = [guide, pgBossPacked, oursDefaults, oursPacked];

/** Measures how fast every contender publishes a backlog of small events. */
export function drain({ quick, report }: Options): Promise<Section> {
  const backlog = {
    kind: 'small',
    events: quick ? 2_000 : 20_000,
    processes: 1,
    limitSeconds: quick ? 3 : 30,
  } as const;
  const rounds = quick ? 1 : 2;
  return onStage(report, async (stage) => {
    const measured = await runInRounds(stage, quick ? forQuick : contenders, backlog, { rounds, report });
    const { unit } = stage.statements;
    const about = {
      name: 'drain',
      title: 'Head to head: draining a backlog',
      method:
        `One worker process publishes ${backlog.events} events of about 300 bytes with the AWS SDK to a stand-in ` +
        `that answers after ${LATENCY_MS} ms. A fresh database for every run; the median of ${rounds} interleaved ` +
        `rounds, each rate from the first event received to the last. SQL ${unit} as PostgreSQL counts them.`,
    };
    return withGuideAsDeployed(backlogSection(about, measured, backlog, unit));
  });
}
