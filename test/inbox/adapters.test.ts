import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { drizzle as drizzleOnDataApi } from 'drizzle-orm/aws-data-api/pg';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import {
  createInbox,
  fromDataApi,
  fromDrizzle,
  fromPg,
  fromPrisma,
  type InboxDatabase,
  processInOrder,
} from '../../inbox/index.ts';
import { EFFECTS, orderedEvents } from '../support/inbox.ts';
import { target, useOutboxDatabase } from '../support/outbox-database.ts';

let pool: pg.Pool;
afterAll(() => pool?.end());
const database = useOutboxDatabase({ empty: true });

beforeAll(async () => {
  pool = new pg.Pool({ connectionString: database.postgresUrl, max: 2 });
  pool.on('error', () => undefined); // the server may stop before the last connection is closed
  await createInbox(withoutTransaction['Data API']());
  await database.sql(EFFECTS);
});
beforeEach(() => database.sql('truncate outbox_inbox, outbox_inbox_positions, effects'));

type Work<T> = (transaction: InboxDatabase) => Promise<T>;

const onDataApi = () =>
  drizzleOnDataApi(database.client, {
    ...{ database: target.database, resourceArn: target.resourceArn, secretArn: target.secretArn },
  });
const execute = (input: ConstructorParameters<typeof ExecuteStatementCommand>[0]) =>
  database.client.send(new ExecuteStatementCommand(input));

/** What the `tx` of Prisma does with a raw query: see the comment at the end. */
const prismaOn = (client: Pick<pg.PoolClient, 'query'>) => ({
  $queryRawUnsafe: async (text: string, ...values: string[]): Promise<unknown> =>
    (await client.query({ text, values })).rows,
});

async function onClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

const transactions: Readonly<Record<string, <T>(work: Work<T>) => Promise<T>>> = {
  pg: (work) => onClient((client) => work(fromPg(client))),
  'Data API': async (work) => {
    const { resourceArn, secretArn } = target;
    const { transactionId } = await database.client.send(new BeginTransactionCommand(target));
    const transaction = { resourceArn, secretArn, transactionId };
    try {
      const result = await work(fromDataApi(execute, { ...target, transactionId: transactionId ?? '' }));
      await database.client.send(new CommitTransactionCommand(transaction));
      return result;
    } catch (error) {
      await database.client.send(new RollbackTransactionCommand(transaction));
      throw error;
    }
  },
  'Drizzle on pg': (work) => drizzle(pool).transaction((tx) => work(fromDrizzle(tx, sql))),
  'Drizzle on the Data API': (work) => onDataApi().transaction((tx) => work(fromDrizzle(tx, sql))),
  Prisma: (work) => onClient((client) => work(fromPrisma(prismaOn(client)))),
};

const withoutTransaction = {
  pg: () => fromPg(pool),
  'Data API': () => fromDataApi(execute, target),
  'Drizzle on pg': () => fromDrizzle(drizzle(pool), sql),
  'Drizzle on the Data API': () => fromDrizzle(onDataApi(), sql),
  Prisma: () => fromPrisma(prismaOn(pool as unknown as pg.PoolClient)),
};

const rows = async () =>
  (await database.sql('select 1 from outbox_inbox union all select 1 from outbox_inbox_positions')).length;

describe.each(Object.keys(transactions))('the adapter of %s', (name) => {
  const inTransaction: <T>(work: Work<T>) => Promise<T> = (work) =>
    transactions[name]?.(work) ?? Promise.reject(new Error(`no ${name}`));
  const consume = (event: unknown) =>
    inTransaction((transaction) =>
      processInOrder(transaction, event, async ({ eventId }) => {
        await transaction.query('insert into effects (event_id) values (cast(cast($1 as text) as uuid))', [
          eventId,
        ]);
      }),
    );
  // No test may depend on the quotes and colons of these.
  const [first, second] = orderedEvents("o'rder:7 $1", [4, 9_007_199_254_740_991]);

  test('deliveries are processed in order, once, together with their effects', async () => {
    await expect(consume(second)).rejects.toMatchObject({ name: 'OutOfOrder', position: 0 });
    expect(await consume(first)).toMatchObject({ outcome: 'processed' });
    expect(await consume(second)).toMatchObject({ outcome: 'processed' });
    expect(await consume(first)).toEqual({ outcome: 'duplicate' });
    expect(await database.sql('select event_id from effects order by place')).toEqual([
      { event_id: first?.detail.eventId },
      { event_id: second?.detail.eventId },
    ]);
  });

  test('a failed work leaves nothing, and the transaction usable', async () => {
    await inTransaction(async (transaction) => {
      const failing = processInOrder(transaction, first, async () => {
        await transaction.query('select 1 / 0 as wrong', []);
      });
      await expect(failing).rejects.toThrow();
      expect(await transaction.query("select cast('still' as text) as here", [])).toEqual([
        { here: 'still' },
      ]);
    });

    expect(await rows()).toBe(0);
  });

  test('a call outside of a transaction is a clear error, and leaves nothing', async () => {
    const outside = withoutTransaction[name as keyof typeof withoutTransaction]();

    await expect(processInOrder(outside, first, async () => undefined)).rejects.toMatchObject({
      name: 'NotInTransaction',
    });
    expect(await rows()).toBe(0);
  });
});
