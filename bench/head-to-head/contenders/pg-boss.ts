import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { ConstructorOptions, PgBoss, WorkOptions } from 'pg-boss';
import { chunks, publish } from '../bus.ts';
import type { BenchEvent } from '../events.ts';
import type { Contender } from './contender.ts';

const QUEUE = 'outbox';

interface Mode {
  /** Whether inserting a job notifies the workers. */
  readonly notify: boolean;
  readonly work: WorkOptions;
  readonly entriesPerRequest: number;
  /** Whether the events of one aggregate are a FIFO queue of their own. */
  readonly inOrder?: true;
}

async function open(options: ConstructorOptions): Promise<PgBoss> {
  const { PgBoss } = await import('pg-boss');
  const boss = new PgBoss(options);
  boss.on('error', () => undefined); // pg-boss retries; an error event without a listener would end the process
  return boss.start();
}

/** Fails the whole batch when one of its events fails, as a plain handler does. */
async function publishBatch(bus: EventBridgeClient, events: readonly BenchEvent[], size: number) {
  await Promise.all(chunks(events, size).map((chunk) => publish(bus, chunk)));
}

/** The events of each aggregate one after the other, because a batch of jobs may hold several of them. */
async function publishInOrder(bus: EventBridgeClient, events: readonly BenchEvent[]) {
  const aggregates = [...new Set(events.map(({ aggregateId }) => aggregateId))];
  await Promise.all(
    aggregates.map(async (wanted) => {
      for (const event of events.filter(({ aggregateId }) => aggregateId === wanted))
        await publish(bus, [event]);
    }),
  );
}

function pgBoss(name: string, settings: string, mode: Mode): Contender {
  return {
    name,
    settings,
    async prepare(databaseUrl) {
      const boss = await open({ connectionString: databaseUrl, supervise: false, schedule: false });
      await boss.createQueue(QUEUE, {
        notify: mode.notify,
        ...(mode.inOrder && { policy: 'key_strict_fifo' as const }),
      });
      await boss.stop({ graceful: false });
    },
    async openProducer(databaseUrl) {
      const boss = await open({
        connectionString: databaseUrl,
        supervise: false,
        schedule: false,
        migrate: false,
      });
      return {
        async insert(events) {
          await boss.insert(
            QUEUE,
            events.map((data) => ({ data, ...(mode.inOrder && { singletonKey: data.aggregateId }) })),
          );
        },
        close: () => boss.stop({ graceful: false }),
      };
    },
    async startWorker(databaseUrl, bus) {
      const boss = await open({ connectionString: databaseUrl, useListenNotify: mode.notify });
      await boss.work<BenchEvent>(QUEUE, mode.work, (jobs) => {
        const events = jobs.map(({ data }) => data);
        return mode.inOrder ? publishInOrder(bus, events) : publishBatch(bus, events, mode.entriesPerRequest);
      });
      return () => boss.stop({ graceful: true });
    },
  };
}

const tuned: WorkOptions = {
  batchSize: 100,
  localConcurrency: 4,
  pollingIntervalSeconds: 0.5,
  burstWhenBatchFull: true,
};

export const pgBossDefaults = pgBoss('pg-boss, defaults', 'one job every 2 s', {
  notify: false,
  work: {},
  entriesPerRequest: 1,
});

export const pgBossTuned = pgBoss(
  'pg-boss, tuned',
  'batchSize 100, localConcurrency 4, burstWhenBatchFull, LISTEN/NOTIFY, polls every 0.5 s',
  { notify: true, work: tuned, entriesPerRequest: 1 },
);

export const pgBossPacked = pgBoss(
  'pg-boss, tuned, 10 events a request',
  'as tuned, and its handler packs 10 entries into a request',
  { notify: true, work: tuned, entriesPerRequest: 10 },
);

export const pgBossInOrder = pgBoss(
  'pg-boss, key_strict_fifo',
  'as tuned, with the aggregate as singletonKey; its handler publishes the events of an aggregate one after the other. Jobs that one transaction inserts have the same creation time, and pg-boss takes them in the order of their random ids',
  {
    notify: true,
    work: tuned,
    entriesPerRequest: 1,
    inOrder: true,
  },
);
