import { setTimeout as pause } from 'node:timers/promises';
import type { PollingListenerSettings } from 'pg-transactional-outbox';
import type { Contender } from './contender.ts';
import { insertStatement, outboxSettings, publisher, schema, table } from './pg-transactional-outbox.ts';
import { openSqlProducer, runSql } from './sql-producer.ts';

const FUNCTION = 'next_outbox_messages';

interface Mode {
  readonly concurrency: 'sequential' | 'parallel';
  readonly connections?: number;
  readonly settings?: Partial<PollingListenerSettings>;
  /** Returns the number of messages to request, given how many are in progress. */
  readonly batchSizeStrategy?: (inWork: number) => Promise<number>;
}

function polling(name: string, settings: string, mode: Mode): Contender {
  return {
    name,
    settings,
    async prepare(databaseUrl) {
      const { DatabaseSetup } = await import('pg-transactional-outbox');
      const names = {
        outboxOrInbox: 'outbox' as const,
        database: new URL(databaseUrl).pathname.slice(1),
        schema,
        table,
        listenerRole: new URL(databaseUrl).username,
        nextMessagesName: FUNCTION,
      };
      await runSql(databaseUrl, [
        DatabaseSetup.dropAndCreateTable(names),
        DatabaseSetup.createPollingFunction(names),
        DatabaseSetup.setupPollingIndexes(names),
      ]);
    },
    openProducer: async (databaseUrl) => openSqlProducer(databaseUrl, insertStatement(mode.concurrency)),
    async startWorker(databaseUrl, bus) {
      const peer = await import('pg-transactional-outbox');
      const connection = { connectionString: databaseUrl };
      const [shutdown] = peer.initializePollingMessageListener(
        {
          outboxOrInbox: 'outbox',
          dbListenerConfig: connection,
          dbHandlerConfig: { ...connection, ...(mode.connections && { max: mode.connections }) },
          settings: { ...outboxSettings, nextMessagesFunctionName: FUNCTION, ...mode.settings },
        },
        publisher(bus),
        peer.getDisabledLogger(),
        mode.batchSizeStrategy && { batchSizeStrategy: mode.batchSizeStrategy },
      );
      return shutdown;
    },
  };
}

export const pollingDefaults = polling(
  'pg-transactional-outbox, polling, defaults',
  'batches of 5 every 0.5 s, sequential messages',
  { concurrency: 'sequential' },
);

const IN_WORK = 50;
const REFILL_BELOW = 25;
const LOOK_AGAIN_MS = 2;

export const pollingTuned = polling(
  'pg-transactional-outbox, polling, tuned',
  `parallel messages, ${IN_WORK} in work, refilled below ${REFILL_BELOW}, ${IN_WORK} connections, polls every 10 ms`,
  {
    concurrency: 'parallel',
    connections: IN_WORK,
    settings: { nextMessagesBatchSize: IN_WORK, nextMessagesPollingIntervalInMs: 10 },
    // Its own strategy requests one message whenever one is done, and every request reads the whole backlog.
    async batchSizeStrategy(inWork) {
      if (inWork < REFILL_BELOW) return IN_WORK;
      await pause(LOOK_AGAIN_MS);
      return inWork;
    },
  },
);
