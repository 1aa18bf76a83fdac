import { publish } from '../bus.ts';
import type { BenchEvent } from '../events.ts';
import type { Contender } from './contender.ts';
import { openSqlProducer } from './sql-producer.ts';

const TASK = 'publish';

const INSERT = `
  select count(graphile_worker.add_job('${TASK}', payload => cast(e as json)))
  from jsonb_array_elements($1::jsonb) as e`;

async function silentLogger() {
  const { Logger } = await import('graphile-worker');
  return new Logger(() => () => undefined);
}

function graphileWorker(name: string, settings: string, tuning: GraphileConfig.WorkerOptions): Contender {
  return {
    name,
    settings,
    async prepare(databaseUrl) {
      const { runMigrations } = await import('graphile-worker');
      await runMigrations({ connectionString: databaseUrl, logger: await silentLogger() });
    },
    openProducer: async (databaseUrl) => openSqlProducer(databaseUrl, INSERT),
    async startWorker(databaseUrl, bus) {
      const { run, WorkerPreset } = await import('graphile-worker');
      const runner = await run({
        preset: {
          extends: [WorkerPreset],
          worker: { connectionString: databaseUrl, logger: await silentLogger(), ...tuning },
        },
        taskList: { [TASK]: (event) => publish(bus, [event as BenchEvent]) },
        crontab: '',
        noHandleSignals: true,
      });
      return () => runner.stop();
    },
  };
}

export const graphileDefaults = graphileWorker('graphile-worker, defaults', 'one job at a time', {});

export const graphileTuned = graphileWorker(
  'graphile-worker, tuned',
  'concurrentJobs 40, maxPoolSize 42, localQueue 200, completeJobBatchDelay 5 ms',
  {
    concurrentJobs: 40,
    maxPoolSize: 42,
    localQueue: { size: 200 },
    completeJobBatchDelay: 5,
    failJobBatchDelay: 5,
  },
);
