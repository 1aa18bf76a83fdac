import type { Command } from 'commander';
import { dueIndexes } from '../../outbox/due-indexes.ts';
import { unfinishedOf } from '../../outbox/place-in-key.ts';
import { RowReader } from '../../outbox/row-reader.ts';
import { type Context, examples, withContext } from '../action.ts';
import { eventStatus, wholeNumber } from '../arguments.ts';
import { readBlockedKeys } from '../blocked-keys.ts';
import { WrongUsage } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { readRows } from '../read-in-parts.ts';
import { atMost, isoTime, toSecond } from '../sql-columns.ts';
import { describeWaiting } from './skip.ts';

// Each branch reads one partial index from its newest end, up to this limit, whatever the filter is. The events of a key
// that are still to be published have an index of their own, so they are found behind any backlog of others.
const SCAN_LIMIT = 20_000;
const COLUMNS = `
  id, status, event_type, aggregate_type, aggregate_id, attempts, last_error_type, last_error, run_id,
  ordering_key, sequence, processed_at is null and skipped_at is null as in_order, created_at, coalesce(due_at, failed_at, processed_at) as changed_at`;

const unfinished = (indexed: string) => `
    (select ${COLUMNS}, false as of_key from outbox_events where ${indexed}
      and coalesce(cast(:status as text), status) in ('PENDING', 'PROCESSING')
      order by due_at desc, sequence desc limit ${SCAN_LIMIT})`;

const LIST = `
  with recent as (
    ${dueIndexes.map(unfinished).join(' union all ')}
    union all
    (select ${COLUMNS}, true as of_key ${unfinishedOf('cast(:key as text)')} order by e.sequence limit ${SCAN_LIMIT})
    union all
    (select ${COLUMNS}, false as of_key from outbox_events where status = 'FAILED'
      and coalesce(cast(:status as text), 'FAILED') = 'FAILED' order by failed_at desc limit ${SCAN_LIMIT})
    union all
    (select ${COLUMNS}, false as of_key from outbox_events where status = 'PROCESSED'
      and coalesce(cast(:status as text), 'PROCESSED') = 'PROCESSED' order by processed_at desc limit ${SCAN_LIMIT}))
  select cast(id as text), status, event_type, aggregate_type, ${atMost(4_000, 'aggregate_id')}, attempts,
    ${atMost(500, 'last_error_type')}, ${atMost(4_000, 'last_error')}, ${atMost(500, 'run_id')},
    ${isoTime('created_at')}, ${isoTime('changed_at')}, ordering_key, cast(sequence as text)
  from recent
  where (cast(:status as text) is null or status = cast(:status as text))
    and (cast(:type as text) is null or event_type = cast(:type as text))
    and (cast(:aggregate as text) is null or aggregate_id = cast(:aggregate as text))
    and (cast(:error as text) is null or last_error_type = cast(:error as text))
    and (cast(:run as text) is null or run_id = cast(:run as text))
    and (cast(:key as text) is null or (ordering_key = cast(:key as text) and (of_key or not in_order)))
  order by changed_at desc, id
  limit cast(:limit as bigint) offset cast(:offset as bigint)`;

interface ListOptions {
  readonly status?: string;
  readonly type?: string;
  readonly aggregate?: string;
  readonly error?: string;
  readonly run?: string;
  readonly orderingKey?: string;
  readonly blocked?: true;
  readonly limit: number;
}

export function addList(program: Command): void {
  program
    .command('list')
    .description('the newest events, with filters that must all hold')
    .option('--status <status>', 'pending, processing, processed or failed', eventStatus)
    .option('--type <type>', 'event type')
    .option('--aggregate <id>', 'aggregate id')
    .option('--error <type>', 'last error type, e.g. MalformedDetail')
    .option('--run <arn>', 'the execution that claimed the event last')
    .option('--ordering-key <key>', 'the events of this key, or with --blocked this key')
    .option('--blocked', 'instead of events, the ordering keys that wait behind a failed event')
    .option('--limit <number>', 'at most so many', wholeNumber(1, 500), 20)
    .addHelpText(
      'after',
      `\nSearches the newest ${SCAN_LIMIT} unfinished, failed and processed events each.\nA narrow terminal shows fewer columns. Texts end after 4,000 characters: show has the whole.`,
    )
    .addHelpText(
      'after',
      examples(
        'list --status failed',
        'list --type dish.created --aggregate 7',
        'list --blocked',
        'list --ordering-key "dish 7"',
        'list --limit 500 --json',
      ),
    )
    .hook('preAction', (command) => {
      const { blocked, orderingKey: _, limit: __, ...filters } = command.opts<ListOptions>();
      if (blocked === true && Object.keys(filters).length > 0)
        throw new WrongUsage('list --blocked shows keys: of the filters, only --ordering-key fits');
    })
    .action(
      withContext((context, options: ListOptions) => (options.blocked ? listKeys : list)(context, options)),
    );
}

async function list({ database, output }: Context, options: ListOptions): Promise<void> {
  const { status = null, type = null, aggregate = null, error = null, run = null, limit } = options;
  const filter = { status, type, aggregate, error, run, key: options.orderingKey ?? null };
  const rows = await readRows(database('reader'), LIST, filter, limit);
  const events = rows.map((columns) => {
    const row = new RowReader(columns);
    return {
      eventId: row.text(0),
      status: row.text(1),
      eventType: row.text(2),
      aggregateType: row.optionalText(3) ?? null,
      aggregateId: row.text(4),
      attempts: row.number(5),
      errorType: row.optionalText(6) ?? null,
      error: row.optionalText(7) ?? null,
      runId: row.optionalText(8) ?? null,
      createdAt: row.text(9),
      /** When the event is due, failed or was processed. */
      changedAt: row.text(10),
      orderingKey: row.optionalText(11) ?? null,
      /** As a text, because JavaScript would change a large one. */
      sequence: row.text(12),
    };
  });
  const cells = events.map((event) => ({
    event: event.eventId,
    status: event.status === 'FAILED' ? output.colors.red(event.status) : event.status,
    type: printable(event.eventType),
    error: output.cell(printable([event.errorType, event.error].filter(Boolean).join(': ')), 60),
    aggregate: printable(event.aggregateId),
    attempts: String(event.attempts),
    created: toSecond(event.createdAt),
    ...(event.orderingKey !== null && { key: output.cell(printable(event.orderingKey), 40) }),
  }));
  output.answer({ events }, () => (cells.length === 0 ? 'no event matches' : output.table(cells)));
  if (events.length === limit) output.note(`the newest ${limit}; more with --limit`);
}

async function listKeys({ database, output }: Context, { limit, orderingKey }: ListOptions): Promise<void> {
  const blockedKeys = await readBlockedKeys(database('reader'), limit, orderingKey);
  const cells = blockedKeys.map((key) => ({
    key: output.cell(printable(key.orderingKey), 40),
    'failed event': key.eventId,
    since: toSecond(key.since),
    waiting: describeWaiting(key.waitingBehind),
    error: output.cell(printable([key.errorType, key.error].filter(Boolean).join(': ')), 60),
    type: printable(key.eventType),
  }));
  const none =
    orderingKey === undefined ? 'no key is blocked' : `key ${printable(orderingKey)} is not blocked`;
  output.answer({ blockedKeys }, () => (cells.length === 0 ? none : output.table(cells)));
  if (cells.length > 0)
    output.note('remove the cause, then redrive --event <failed event>; or skip <failed event>');
  if (cells.length === limit) output.note(`the ${limit} that have been blocked longest; more with --limit`);
}
