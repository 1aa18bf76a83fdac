import type { Inputs } from './inputs.ts';
import { batchesPerRun, batchSeconds, drainOf, itemsOf, laneRate } from './model.ts';

/** The number of events per second that one quota allows. */
export interface Ceiling {
  readonly quota: string;
  readonly formula: string;
  readonly eventsPerSecond: number;
}

/** One formula per quota; the lowest ceiling applies. */
export function ceilings(inputs: Inputs): Ceiling[] {
  const { workload, configuration, milliseconds, counts, quotas } = inputs;
  const { publishChunkSize: chunk, lanes, loopSeconds } = configuration;
  const batch = inputs.configuration.batchSize;
  const { reading } = itemsOf(batch, drainOf(inputs, 0));
  const seconds = batchSeconds(batch, drainOf(inputs, 0));
  const batches = batchesPerRun(loopSeconds, seconds);
  // A function is busy only while it works; the overhead of Step Functions does not count.
  const busySeconds =
    ((milliseconds.putEvents + milliseconds.handler) / chunk +
      (2 * (milliseconds.dataApi + milliseconds.handler) + reading * milliseconds.dataApi) / batch) /
    1000;
  // The database rests as long as it worked; the time of the call is part of the rest.
  const purgeMs = counts.purgeRows * counts.purgeRowMs;
  const purgedPerSecond = (1000 * counts.purgeRows) / (purgeMs + Math.max(purgeMs, milliseconds.dataApi));
  return [
    {
      quota: 'runs and their Map',
      formula: 'lanes × batches a run × events a batch ÷ interval',
      eventsPerSecond: lanes * laneRate(inputs),
    },
    {
      quota: 'outbox-cleanup',
      formula: 'rows deleted a second × seconds of a cleanup ÷ its interval; beyond it the table grows',
      eventsPerSecond: (purgedPerSecond * counts.cleanupSeconds) / configuration.cleanupIntervalSeconds,
    },
    {
      quota: 'Lambda concurrent executions',
      formula: 'quota ÷ busy seconds an event',
      eventsPerSecond: quotas.lambdaConcurrency / busySeconds,
    },
    {
      quota: 'Lambda invocations per second',
      formula: 'concurrent executions × 10 × chunk',
      eventsPerSecond: quotas.lambdaConcurrency * quotas.lambdaPerEnvironment * chunk,
    },
    {
      quota: 'PutEvents requests per second',
      formula: 'quota × chunk',
      eventsPerSecond: quotas.putEvents * chunk,
    },
    {
      quota: 'EventBridge target invocations',
      formula: 'quota ÷ targets an event; beyond it delayed, not lost',
      eventsPerSecond: quotas.targetInvocations / workload.targetsPerEvent,
    },
    {
      quota: 'StartExecution per second',
      formula: 'quota × batches a run × events a batch',
      eventsPerSecond: quotas.startExecution * batches * batch,
    },
    {
      quota: 'PostgreSQL, through the Data API',
      formula: 'rows claimed and marked per second',
      eventsPerSecond: quotas.databaseRows,
    },
  ];
}

export function binding(inputs: Inputs): Ceiling {
  return ceilings(inputs).reduce((lowest, each) =>
    each.eventsPerSecond < lowest.eventsPerSecond ? each : lowest,
  );
}

/** The lowest ceiling that neither more lanes nor more frequent cleanups raise. */
export function bindingQuota(inputs: Inputs): Ceiling {
  return ceilings(inputs)
    .slice(2)
    .reduce((lowest, each) => (each.eventsPerSecond < lowest.eventsPerSecond ? each : lowest));
}
