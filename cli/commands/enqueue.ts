import type { Command } from 'commander';
import { type Context, examples, withContext } from '../action.ts';
import { eventId, time } from '../arguments.ts';
import { type EventSource, inMemory, openFile, openStream } from '../event-source.ts';
import { WrongUsage } from '../exit-codes.ts';
import { insertEvents } from '../insert-events.ts';
import { readNewEvent } from '../new-event.ts';

interface EnqueueOptions {
  readonly aggregate?: string;
  readonly aggregateType?: string;
  readonly type?: string;
  readonly payload?: string;
  readonly event?: string;
  readonly dueAt?: string;
  readonly file?: string;
}

export function addEnqueue(program: Command): void {
  program
    .command('enqueue')
    .description('writes events in one transaction: one from flags, or many from a file or stdin')
    .option('--aggregate <id>', 'aggregate id')
    .option('--type <type>', 'event type')
    .option('--payload <json>', 'payload, a JSON object')
    .option('--aggregate-type <type>', 'aggregate type')
    .option('--event <id>', 'event id, a uuid (default: a new one)', eventId)
    .option('--due-at <time>', 'not to be published before, ISO 8601 with offset', time)
    .option('--file <file>', 'JSON Lines, one event in a .json file, or - for stdin, the default in a pipe')
    .addHelpText(
      'after',
      `
A line: {"aggregateId": "7", "eventType": "dish.created", "payload": {"name": "Laksa"}}
It may also have eventId, aggregateType, traceHeader, traceparent and dueAt. One bad line, and nothing is written.`,
    )
    .addHelpText(
      'after',
      examples(
        `enqueue --aggregate 7 --type dish.created --payload '{"name": "Laksa"}'`,
        'enqueue --file events.jsonl',
        'enqueue --local < events.jsonl',
      ),
    )
    .action(withContext(enqueue));
}

async function enqueue({ database, output }: Context, options: EnqueueOptions): Promise<void> {
  const source = await sourceOf(options);
  const bar = output.progress(source.total, 'events');
  try {
    const eventIds = await insertEvents(database('producer'), source, bar.update);
    bar.stop();
    const [first] = eventIds;
    output.answer({ enqueued: eventIds.length, eventIds }, () =>
      eventIds.length === 1 ? `enqueued ${first}` : `enqueued ${eventIds.length} events`,
    );
  } finally {
    bar.stop();
  }
}

async function sourceOf(options: EnqueueOptions): Promise<EventSource> {
  const { file, ...flags } = options;
  if (Object.keys(flags).length > 0) {
    if (file !== undefined) throw new WrongUsage('give the event by flags or by --file, not by both');
    return inMemory([readNewEvent(jsonOf(options), 'the event')]);
  }
  if (file !== undefined && file !== '-') return openFile(file);
  if (process.stdin.isTTY)
    throw new WrongUsage('no event: give --aggregate, --type and --payload, or --file');
  return openStream(process.stdin);
}

/** The payload is inserted exactly as it was typed. */
function jsonOf({ aggregate, aggregateType, type, payload, event, dueAt }: EnqueueOptions): string {
  if (aggregate === undefined || type === undefined || payload === undefined)
    throw new WrongUsage('one event takes --aggregate, --type and --payload');
  try {
    JSON.parse(payload);
  } catch (error) {
    throw new WrongUsage(`--payload is not JSON: ${(error as Error).message}; nothing was enqueued`);
  }
  const rest = { aggregateId: aggregate, aggregateType, eventType: type, eventId: event, dueAt };
  return `${JSON.stringify(rest).slice(0, -1)},"payload":${payload}}`;
}
