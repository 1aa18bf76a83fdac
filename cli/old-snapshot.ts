import { duration } from './duration.ts';
import { type Check, failed, ok } from './finding.ts';

const LONG_SECONDS = 600;
// Where the time cannot be seen: an hour of 100 transactions a second.
const MANY_TRANSACTIONS = 360_000;

const OLDEST = `
  select kind || ' ' || name, role, application, state,
    cast(extract(epoch from clock_timestamp() - since) as double precision), transactions, kind
  from outbox_oldest_snapshots(1)`;

/** Names the session that keeps vacuums from removing dead rows, which looks at the outbox would walk past. */
export const oldSnapshot: Check = {
  name: 'no transaction is open for long',
  remedy: 'deploy again',
  async look({ database }) {
    const [row] = await database().query(OLDEST);
    if (row === undefined) return ok('none is open');
    const [holder, role, application, state, age, transactions, kind] = row;
    const seconds = typeof age === 'number' ? age : undefined;
    const described = [role && `of ${role}`, application && `(${application})`, state]
      .filter((part) => typeof part === 'string' && part !== '')
      .join(' ');
    const since = seconds === undefined ? 'for an unknown time' : `for ${duration(seconds)}`;
    const found = `the oldest is ${holder} ${described}, open ${since}, ${transactions} transactions ago`;
    const isOld = seconds === undefined ? Number(transactions) > MANY_TRANSACTIONS : seconds > LONG_SECONDS;
    return isOld ? failed(found, remedy(String(kind), String(holder))) : ok(found);
  },
};

function remedy(kind: string, holder: string): string {
  const name = holder.slice(kind.length + 1);
  const [first = '', statement = ''] =
    {
      session: ['find out what it does, then end it', `select pg_terminate_backend(${name})`],
      'prepared transaction': ['finish or undo it', `rollback prepared '${name}'`],
      'replication slot': [
        'let its consumer catch up, or remove it',
        `select pg_drop_replication_slot('${name}')`,
      ],
    }[kind] ?? [];
  return `${first}, as the owner: ${statement}; docs/operations.md, Old snapshot`;
}
