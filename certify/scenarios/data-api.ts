import { randomUUID } from 'node:crypto';
import { compareClocks } from '../../cli/compare-clocks.ts';
import type { DataApi } from '../../outbox/data-api.ts';
import { RowReader } from '../../outbox/row-reader.ts';
import type { Context } from '../context.ts';
import { answerTo, type Scenario } from '../scenario.ts';

const KIB = 1024;

/** A query for this many rows with one text of this many bytes. */
const texts = (rows: number, bytes: number) =>
  `select repeat('x', ${bytes}) from generate_series(1, ${rows})`;

const asOperator = ({ database }: Context) => {
  const { query } = database();
  return { query, answer: (sql: string) => answerTo(query(sql)) };
};

const text = async (query: DataApi['query'], sql: string, parameters = {}) =>
  new RowReader((await query(sql, parameters))[0]).text(0);

export const dataApi: readonly Scenario[] = [
  {
    id: 'data-api-answers',
    sentence: 'The Data API answers with at most 1 MiB, and with rows of at most 64 KB.',
    needs: [],
    expected: {
      row60KiB: 'accepted',
      row65KiB: 'BadRequestException',
      answer960KiB: 'accepted',
      answer1200KiB: 'BadRequestException',
    },
    async observe(context) {
      const { answer } = asOperator(context);
      return {
        row60KiB: await answer(texts(1, 60 * KIB)),
        row65KiB: await answer(texts(1, 65 * KIB)),
        answer960KiB: await answer(texts(16, 60 * KIB)),
        answer1200KiB: await answer(texts(20, 60 * KIB)),
      };
    },
  },
  {
    id: 'data-api-statements',
    sentence:
      'The Data API takes one statement of up to 65,536 characters a call; a name may stand in it more than once, and none may be missing.',
    needs: [],
    expected: {
      twoStatements: 'ValidationException',
      characters65536: 'accepted',
      characters65537: 'ValidationException',
      nameTwice: 'once, once',
      cast: '7',
      nameInText: ':a',
      missingName: 'BadRequestException',
    },
    async observe(context) {
      const { query, answer } = asOperator(context);
      const long = (characters: number) => `select '${'x'.repeat(characters - "select ''".length)}'`;
      return {
        twoStatements: await answer('select 1; select 2'),
        characters65536: await answer(long(65_536)),
        characters65537: await answer(long(65_537)),
        nameTwice: await text(query, `select cast(:a as text) || ', ' || cast(:a as text)`, { a: 'once' }),
        cast: await text(query, `select '7'::integer::text`),
        nameInText: await text(query, `select ':a'`),
        missingName: await answer('select cast(:a as text)'),
      };
    },
  },
  {
    id: 'data-api-types',
    sentence:
      'The Data API answers in UTC, with what PostgreSQL prints for jsonb and uuid, and refuses types that it does not know.',
    needs: [],
    expected: {
      timestamp: '2026-01-31 08:00:00',
      json: '{"n": 9007199254740993}',
      uuid: '6c84fb90-12c4-11e1-840d-7b25c5ee775a',
      point: 'UnsupportedResultException',
    },
    async observe(context) {
      const { query, answer } = asOperator(context);
      return {
        timestamp: await text(query, `select cast('2026-01-31 09:00:00+01' as timestamptz)`),
        json: await text(query, `select cast('{"n":9007199254740993}' as jsonb)`),
        uuid: await text(query, `select cast('6C84FB90-12C4-11E1-840D-7B25C5EE775A' as uuid)`),
        point: await answer('select point(1, 2)'),
      };
    },
  },
  {
    id: 'statement-timeout',
    sentence:
      "The Data API keeps the role's statement_timeout: a statement of the processor ends after 2 seconds.",
    needs: [],
    expected: { setting: '2s', sleep: 'DatabaseErrorException, SQLState: 57014', search_path: 'set' },
    async observe(context) {
      const { query, answer } = asOperator(context);
      const path = await text(query, 'show search_path');
      return {
        setting: await text(query, 'show statement_timeout'),
        sleep: await answer('select cast(pg_sleep(4) as text)'),
        search_path: path.endsWith(', pg_temp') ? 'set' : path,
      };
    },
  },
  {
    id: 'transactions',
    sentence: 'What a transaction of the Data API wrote is gone after its rollback, and its id too.',
    needs: [],
    expected: { inside: '1', afterRollback: '0', endedTransaction: 'TransactionNotFoundException' },
    async observe({ database, rows }) {
      const count = 'select cast(count(id) as text) from outbox_events where id = cast(:id as uuid)';
      const producer = database('producer');
      const id = randomUUID();
      const rolledBack = new Error('rolls back');
      let inside = '';
      let ended = producer;
      await producer
        .transaction(async (transaction) => {
          ended = transaction;
          await rows.insert({ id }, transaction);
          inside = await text(transaction.query, count, { id });
          throw rolledBack;
        })
        .catch((error: unknown) => {
          if (error !== rolledBack) throw error;
        });
      return {
        inside,
        afterRollback: await text(producer.query, count, { id }),
        endedTransaction: await answerTo(ended.query('select 1')),
      };
    },
  },
  {
    id: 'table-refuses',
    sentence: 'The table refuses what EventBridge would refuse, and a producer may do nothing but insert.',
    needs: [],
    expected: {
      array: 'DatabaseErrorException, SQLState: 23514',
      longType: 'DatabaseErrorException, SQLState: 23514',
      integer: 'DatabaseErrorException, SQLState: 23514',
      read: 'DatabaseErrorException, SQLState: 42501',
      deletion: 'DatabaseErrorException, SQLState: 42501',
    },
    async observe({ database, rows }) {
      const producer = database('producer');
      return {
        array: await answerTo(rows.insert({ payload: '[]' })),
        longType: await answerTo(rows.insert({ eventType: 'x'.repeat(129) })),
        integer: await answerTo(rows.insert({ payload: '{"n": 99999999999999999999}' })),
        read: await answerTo(producer.query('select payload from outbox_events limit 1')),
        deletion: await answerTo(
          producer.query('delete from outbox_events where id = cast(:id as uuid)', { id: randomUUID() }),
        ),
      };
    },
  },
  {
    id: 'clocks',
    sentence: "The database's clock agrees with this machine's, as functions need it.",
    needs: [],
    expected: { differTooMuch: false },
    async observe({ database, note }) {
      const { ahead, uncertainty, tooLarge } = await compareClocks(database(), Date.now);
      note(`the database's clock is ${ahead.toFixed(0)} ms ahead, give or take ${uncertainty.toFixed(0)} ms`);
      return { differTooMuch: tooLarge };
    },
  },
];
