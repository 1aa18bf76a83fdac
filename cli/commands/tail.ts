import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { DataApi } from '../../outbox/data-api.ts';
import { RowReader } from '../../outbox/row.ts';
import { type Context, examples, withContext } from '../action.ts';
import { wholeNumber } from '../arguments.ts';
import { WrongUsage } from '../failure.ts';
import { printable } from '../printable.ts';

const PAGE = 500;

// An outcome becomes visible when its transaction ends, up to 2 seconds after the time it carries. What is
// younger than the horizon waits for the next look: so nothing appears behind the place where we stand.
const OUTCOMES = `
  select cast(id as text), status, event_type, left(aggregate_id, 200), last_error_type, left(last_error, 500),
    cast(at as text)
  from (
    select id, status, event_type, aggregate_id, cast(null as text) as last_error_type,
      cast(null as text) as last_error, processed_at as at
    from outbox_events where status = 'PROCESSED' and processed_at >= cast(:at as timestamptz)
    union all
    select id, status, event_type, aggregate_id, last_error_type, last_error, failed_at
    from outbox_events where status = 'FAILED' and failed_at >= cast(:at as timestamptz)) as outcome
  where (at, id) > (cast(:at as timestamptz), cast(:id as uuid)) and at < now() - interval '3 seconds'
  order by at, id
  limit ${PAGE}`;

const NOW = `select cast(now() - make_interval(secs => cast(:since as integer)) as text)`;

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
    .option('--interval <seconds>', 'between two looks', wholeNumber(1, 3_600), 1)
    .addHelpText('after', '\n--json prints one JSON document a line.')
    .addHelpText('after', examples('tail', 'tail --since 600 --json', 'tail --local --bus'))
    .action(
      withContext((context, options: TailOptions) => (options.bus ? tailBus : tailTable)(context, options)),
    );
}

async function tailTable({ database: connect, output }: Context, options: TailOptions): Promise<void> {
  const database = connect();
  let last = { at: await startingAt(database, options.since), id: '00000000-0000-0000-0000-000000000000' };
  output.note('following the outcomes');
  for (;;) {
    const rows = await database.query(OUTCOMES, last);
    for (const columns of rows) {
      const row = new RowReader(columns);
      const outcome = {
        eventId: row.text(0),
        status: row.text(1),
        eventType: row.text(2),
        aggregateId: row.text(3),
        errorType: row.optionalText(4) ?? null,
        error: row.optionalText(5) ?? null,
        at: row.text(6),
      };
      const { eventId: id, at, status, eventType, aggregateId, errorType, error } = outcome;
      const paint = status === 'FAILED' ? output.colors.red : output.colors.green;
      const why = errorType === null ? '' : `  ${errorType}: ${error ?? ''}`;
      output.line(
        outcome,
        () =>
          `${at.slice(0, 19)}  ${paint(status.padEnd(9))}  ${id}  ${printable(`${eventType}  ${aggregateId}${why}`)}`,
      );
      last = { at, id };
    }
    if (rows.length < PAGE) await pause(options.interval * 1_000);
  }
}

async function startingAt(database: DataApi, since: number): Promise<string> {
  return new RowReader((await database.query(NOW, { since }))[0]).text(0);
}

interface BusEvent {
  readonly Time: string;
  readonly DetailType: string;
  readonly Detail: string;
}

async function tailBus({ target, output }: Context, { interval }: TailOptions): Promise<void> {
  const { localUrl } = target;
  if (localUrl === undefined)
    throw new WrongUsage('a bus of AWS keeps nothing to look at: leave out --bus, or use --local');
  const accepted = async (after: number) => {
    const response = await fetch(`${localUrl}/_local/bus/events?after=${after}`);
    return (await response.json()) as BusEvent[];
  };
  let seen = (await accepted(0)).length;
  output.note('following the bus');
  for (;;) {
    for (const event of await accepted(seen)) {
      output.line(event, () => printable(`${event.Time}  ${event.DetailType}  ${event.Detail}`));
      seen += 1;
    }
    await pause(interval * 1_000);
  }
}
