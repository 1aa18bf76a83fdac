import type { Command } from 'commander';
import { readDetail } from '../../outbox/read-detail.ts';
import { type Context, examples, withContext } from '../action.ts';
import { eventId } from '../arguments.ts';
import { Failed } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { readText } from '../read-in-parts.ts';
import { isoTime } from '../sql-columns.ts';

const columns = [
  'id',
  'status',
  'event_type',
  'aggregate_type',
  'aggregate_id',
  'sequence',
  'attempts',
  'created_at',
  'ready_at',
  'due_at',
  'processed_at',
  'failed_at',
  'given_back_since',
  'last_error_type',
  'last_error',
  'run_id',
  'lease_token',
  'event_bridge_id',
  'redrives',
  'redrive_id',
  'trace_header',
  'detail_bytes',
] as const;

const selected = columns.map((column) =>
  /_(at|since)$/.test(column) ? `${isoTime(column)} as ${column}` : column,
);

// Numbers as numbers, times in UTC, everything else as PostgreSQL prints it.
const SHOW = `
  select cast(to_jsonb(event) as text) as content
  from (select ${selected.join(', ')} from outbox_events where id = cast(:eventId as uuid)) as event`;

export function addShow(program: Command): void {
  program
    .command('show')
    .description('one event: the whole row, and its detail as EventBridge gets it')
    .argument('<eventId>', 'the id of the event', eventId)
    .addHelpText(
      'after',
      examples(
        'show 6c84fb90-12c4-11e1-840d-7b25c5ee775a',
        'show 6c84fb90-12c4-11e1-840d-7b25c5ee775a --json',
      ),
    )
    .action(withContext(show));
}

async function show({ database: connect, output }: Context, id: string): Promise<void> {
  const database = connect('reader');
  const found = await readText(database, SHOW, { eventId: id });
  if (found === undefined) throw new Failed(`there is no event ${id}: it may have been purged`);
  const row = JSON.parse(found) as Record<(typeof columns)[number], string | number | null>;
  const detail = await readDetail(database, id);
  const lines = columns
    .filter((column) => row[column] !== null)
    .map((column) => `${output.colors.dim(column.padEnd(16))} ${printable(String(row[column]))}`);
  // Both are printed exactly as stored: JavaScript would change large integers.
  output.answerText(`${found.slice(0, -1)}, "detail": ${detail}}`, () =>
    [...lines, output.colors.dim('detail'), printable(detail)].join('\n'),
  );
}
