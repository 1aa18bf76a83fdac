import type { Command } from 'commander';
import { type PlaceInKey, readPlaceInKey } from '../../outbox/place-in-key.ts';
import { readDetail } from '../../outbox/read-detail.ts';
import { type Context, examples, withContext } from '../action.ts';
import { eventId } from '../arguments.ts';
import { Failed } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { readText } from '../read-in-parts.ts';
import { isoTime } from '../sql-columns.ts';
import { describeWaiting } from './skip.ts';

const columns = [
  'id',
  'status',
  'event_type',
  'aggregate_type',
  'aggregate_id',
  'ordering_key',
  'sequence',
  'previous_sequence',
  'attempts',
  'created_at',
  'ready_at',
  'due_at',
  'processed_at',
  'failed_at',
  'given_back_since',
  'skipped_at',
  'skipped_by',
  'skip_reason',
  'last_error_type',
  'last_error',
  'run_id',
  'lease_token',
  'event_bridge_id',
  'redrives',
  'redrive_id',
  'replays',
  'replayed_at',
  'replay_id',
  'replay_reason',
  'trace_header',
  'traceparent',
  'detail_bytes',
] as const;

type EventColumns = Record<(typeof columns)[number], string | number | null>;

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
  const row = JSON.parse(found) as EventColumns;
  const [detail, place] = await Promise.all([readDetail(database, id), readPlaceInKey(database, id)]);
  const lines = columns
    .filter((column) => row[column] !== null)
    .map((column) => `${output.colors.dim(column.padEnd(17))} ${printable(String(row[column]))}`);
  // Both are printed exactly as stored: JavaScript would change large integers.
  const waits = JSON.stringify({
    waiting_behind: place?.waitingBehind ?? null,
    waits_for: place?.waitsFor?.eventId ?? null,
  });
  output.answerText(`${found.slice(0, -1)}, ${waits.slice(1, -1)}, "detail": ${detail}}`, () =>
    [
      ...lines,
      ...describeOrder(row, place).map((line) => `${output.colors.dim('order'.padEnd(17))} ${line}`),
      output.colors.dim('detail'),
      printable(detail),
    ].join('\n'),
  );
}

/** What the event waits for and what waits for it, a sentence each. */
function describeOrder(
  { status, last_error_type, skipped_at, skipped_by }: EventColumns,
  place: PlaceInKey | undefined,
): string[] {
  if (place === undefined) return [];
  const { waitingBehind, waitsFor } = place;
  const verb = waitingBehind === 1 ? 'waits' : 'wait';
  const blocks = status === 'FAILED' ? ', until it is redriven or skipped' : '';
  const way = waitsFor?.status === 'FAILED' ? ', which has failed: redrive or skip that one' : '';
  return [
    ...(last_error_type === 'NotSent' && status !== 'PROCESSED'
      ? ['given back without an attempt: nothing is wrong with this event']
      : []),
    ...(waitsFor === undefined ? [] : [`waits for event ${waitsFor.eventId}${way}`]),
    ...(waitingBehind === 0 ? [] : [`${describeWaiting(waitingBehind)} ${verb} behind this one${blocks}`]),
    ...(skipped_at !== null && skipped_by === null ? ['skipped by the setting orderingOnFailure'] : []),
    ...(skipped_at !== null && status === 'FAILED'
      ? ['a redrive publishes it without a sequence, after younger events of its key']
      : []),
  ];
}
