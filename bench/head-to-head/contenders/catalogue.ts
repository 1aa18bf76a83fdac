import type { Contender } from './contender.ts';
import { graphileDefaults, graphileTuned } from './graphile-worker.ts';
import { guide } from './guide.ts';
import { oursDefaults, oursInLanes, oursInOrder, oursInOrderInLanes, oursPacked } from './ours.ts';
import { pgBossDefaults, pgBossInOrder, pgBossPacked, pgBossTuned } from './pg-boss.ts';
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

/** Those that keep the order of events of one aggregate, and need not be measured without it. */
export const ordered: readonly Contender[] = [pgBossInOrder, oursInOrder, oursInOrderInLanes];

/** Finds the contender with the name that a process was given. */
export function findContender(name: string): Contender {
  const found = [...contenders, ...ordered].find((contender) => contender.name === name);
  if (found === undefined) throw new Error(`no contender is called "${name}"`);
  return found;
}
