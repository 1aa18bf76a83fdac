import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { DataApi, Row } from '../../outbox/data-api.ts';
import { RowReader } from '../../outbox/row-reader.ts';
import { type Context, examples, withContext } from '../action.ts';
import { wholeNumber } from '../arguments.ts';
import { explain, Unreachable, WrongUsage } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { halving } from '../read-in-parts.ts';
import { atMost, isoTime, toSecond } from '../sql-columns.ts';
import { OutputLost } from '../stdout.ts';
import { outageTeller } from '../tell-outage.ts';
import { type BusEvent, createBusReader } from '../twin-bus.ts';

const PAGE = 500;

// An outcome becomes visible when its transaction ends, up to 2 seconds after the time it contains. Outcomes younger
// than the horizon wait for the next query, so no outcome appears behind the position that was already read.
const OUTCOMES = `
  select cast(id as text), status, event_type, ${atMost(4_000, 'aggregate_id')}, ${atMost(500, 'last_error_type')},
    ${atMost(4_000, 'last_error')}, ${isoTime('at')}
  from (
    select id, status, event_type, aggregate_id, cast(null as text) as last_error_type,
      cast(null as text) as last_error, processed_at as at
    from outbox_events where status = 'PROCESSED' and processed_at >= cast(:at as timestamptz)
    union all
    select id, status, event_type, aggregate_id, last_error_type, last_error, failed_at
    from outbox_events where status = 'FAILED' and failed_at >= cast(:at as timestamptz)) as outcome
  where (at, id) > (cast(:at as timestamptz), cast(:id as uuid)) and at < now() - interval '3 seconds'
  order by at, id
  limit cast(:limit as bigint)`;

const NOW = `select ${isoTime('(now() - make_interval(secs => cast(:since as integer)))')}`;

interface TailOptions {
  readonly bus?: true;
  readonly since: number;
  readonly interval: number;
}

export function addTail(program: Command): void {
  program
    .command('tail')
    .description('follows what becomes of events, until Ctrl-C; 3 seconds behind')
    .option('--bus', 'what the bus accepts instead (the twin only)')
    .option('--since <seconds>', 'begin so many seconds ago', wholeNumber(0, 86_400), 0)
    .option('--interval <seconds>', 'seconds between two queries', wholeNumber(1, 3_600), 1)
    .addHelpText(
      'after',
      '\n--json prints one JSON document a line. That the bus accepts nothing, and that it does again, goes to stderr.',
    )
    .addHelpText('after', examples('tail', 'tail --since 600 --json', 'tail --local --bus'))
    .action(
      withContext((context, options: TailOptions) => (options.bus ? tailBus : tailTable)(context, options)),
    );
}

async function tailTable(context: Context, options: TailOptions): Promise<void> {
  const { output } = context;
  const database = context.database('reader');
  let last = { at: await startingAt(database, options.since), id: '00000000-0000-0000-0000-000000000000' };
  const tellOutage = outageTeller(context.database, output.note);
  output.note('following the outcomes');
  await follow(context, options.interval, async () => {
    const { rows, complete } = await halving(PAGE, async (limit) => {
      const page = await database.query(OUTCOMES, { ...last, limit });
      return { rows: page, complete: page.length < limit };
    });
    for (const columns of rows) {
      const outcome = readOutcome(columns);
      output.line(outcome, () => describe(outcome, context));
      last = { at: outcome.at, id: outcome.eventId };
    }
    await tellOutage();
    return complete;
  });
}

/** Queries again and again, without a pause while there is more. A query that fails counts as one that finds nothing. */
async function follow(
  { output, target }: Pick<Context, 'output' | 'target'>,
  interval: number,
  look: () => Promise<boolean>,
): Promise<never> {
  for (let failing = false; ; ) {
    let complete = true;
    try {
      complete = await look();
      if (failing) output.note(`${target.place} answers again`);
      failing = false;
    } catch (error) {
      if (error instanceof OutputLost) throw error;
      const { sentence } = explain(error, target.place);
      if (!failing) output.note(`${sentence}: trying again every ${interval} s`);
      failing = true;
    }
    if (complete) await pause(interval * 1_000);
  }
}

function readOutcome(columns: Row) {
  const row = new RowReader(columns);
  return {
    eventId: row.text(0),
    status: row.text(1),
    eventType: row.text(2),
    aggregateId: row.text(3),
    errorType: row.optionalText(4) ?? null,
    error: row.optionalText(5) ?? null,
    at: row.text(6),
  };
}

function describe(
  { at, status, eventId, eventType, aggregateId, errorType, error }: ReturnType<typeof readOutcome>,
  { output: { colors } }: Context,
): string {
  const paint = status === 'FAILED' ? colors.red : colors.green;
  const why = errorType === null ? '' : `  ${errorType}: ${error ?? ''}`;
  return `${toSecond(at)}  ${paint(status.padEnd(9))}  ${eventId}  ${printable(`${eventType}  ${aggregateId}${why}`)}`;
}

async function startingAt(database: DataApi, since: number): Promise<string> {
  return new RowReader((await database.query(NOW, { since }))[0]).text(0);
}

async function tailBus(context: Context, { interval }: TailOptions): Promise<void> {
  const { output, target } = context;
  const { localUrl } = target;
  if (localUrl === undefined)
    throw new WrongUsage(
      '--bus shows the bus of the twin only, because a bus on AWS keeps no events: leave it out, or use --local',
    );
  const read = createBusReader(async (after) => {
    const response = await fetch(`${localUrl}/_local/bus/events?after=${after}`);
    // It has not accepted that many.
    if (response.status === 400 && after > 0) return undefined;
    if (!response.ok)
      throw new Unreachable(`${target.place} answers ${response.status}: ${await response.text()}`);
    const events = (await response.json()) as BusEvent[];
    return { before: Number(response.headers.get('x-events-before') ?? after), events };
  });
  await read();
  output.note('following the bus');
  await follow(context, interval, async () => {
    const { events, missed, isNewLog } = await read();
    if (isNewLog) output.note('the twin has a new bus: following it from its first event');
    if (missed > 0) output.note(`${missed} events left the twin's log before they were shown`);
    for (const event of events)
      output.line(event, () => printable(`${event.Time}  ${event.DetailType}  ${event.Detail}`));
    return true;
  });
}
