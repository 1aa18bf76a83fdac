import type { Contender } from './contender.ts';
import { insertStatement, outboxSettings, publisher, schema, table } from './pg-transactional-outbox.ts';
import { openSqlProducer, runSql } from './sql-producer.ts';

const PUBLICATION = 'outbox_publication';
const AT_ONCE = 40;

// The name of a slot is unique in the whole server.
function names(databaseUrl: string) {
  const { pathname, username } = new URL(databaseUrl);
  const database = pathname.slice(1);
  return {
    outboxOrInbox: 'outbox' as const,
    database,
    schema,
    table,
    listenerRole: username,
    publication: PUBLICATION,
    replicationSlot: `slot_of_${database}`,
  };
}

export const replicationTuned: Contender = {
  name: 'pg-transactional-outbox, replication, tuned',
  settings: `a semaphore lets ${AT_ONCE} messages run at once, ${AT_ONCE} connections`,
  async prepare(databaseUrl) {
    const { DatabaseSetup } = await import('pg-transactional-outbox');
    const setup = names(databaseUrl);
    await runSql(databaseUrl, [
      DatabaseSetup.dropAndCreateTable(setup),
      DatabaseSetup.setupReplicationCore(setup),
      `select pg_create_logical_replication_slot('${setup.replicationSlot}', 'pgoutput')`,
    ]);
  },
  openProducer: async (databaseUrl) => openSqlProducer(databaseUrl, insertStatement('parallel')),
  async startWorker(databaseUrl, bus) {
    const peer = await import('pg-transactional-outbox');
    const connection = { connectionString: databaseUrl };
    // Passed to a pg.Pool, although its type is that of a client.
    const pool = { ...connection, max: AT_ONCE };
    const [shutdown] = peer.initializeReplicationMessageListener(
      {
        outboxOrInbox: 'outbox',
        dbListenerConfig: connection,
        dbHandlerConfig: pool,
        settings: {
          ...outboxSettings,
          dbPublication: PUBLICATION,
          dbReplicationSlot: names(databaseUrl).replicationSlot,
        },
      },
      publisher(bus),
      peer.getDisabledLogger(),
      { concurrencyStrategy: peer.createReplicationSemaphoreConcurrencyController(AT_ONCE) },
    );
    return shutdown;
  },
};
