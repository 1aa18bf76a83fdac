import type { Contender } from './contender.ts';
import { graphileDefaults, graphileTuned } from './graphile-worker.ts';
import { guide } from './guide.ts';
import { oursDefaults, oursInLanes, oursPacked } from './ours.ts';
import { pgBossDefaults, pgBossPacked, pgBossTuned } from './pg-boss.ts';
import { pollingDefaults, pollingTuned } from './pg-transactional-outbox-polling.ts';
import { replicationTuned } from './pg-transactional-outbox-replication.ts';

export const contenders: readonly Contender[] = [
  guide,
  pollingDefaults,
  pollingTuned,
  replicationTuned,
  graphileDefaults,
  graphileTuned,
  pgBossDefaults,
  pgBossTuned,
  pgBossPacked,
  oursDefaults,
  oursInLanes,
  oursPacked,
];

/** Finds the contender with the name that a process was given. */
export function findContender(name: string): Contender {
  const found = contenders.find((contender) => contender.name === name);
  if (found === undefined) throw new Error(`no contender is called "${name}"`);
  return found;
}
