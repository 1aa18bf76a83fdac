import { GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import type { Command } from 'commander';
import * as z from 'zod';
import { countReplayable, oldestReplayable } from '../../outbox/replay.ts';
import { readReplayRequest, replayLimits } from '../../outbox/replay-request.ts';
import { type Context, examples, withContext } from '../action.ts';
import { each, eventId, expressExecution, time, wholeNumber } from '../arguments.ts';
import { ask, eventsIn } from '../ask.ts';
import { checkSelection } from '../check-selection.ts';
import { expectSuccess, followExecution } from '../follow-execution.ts';
import { toSecond } from '../sql-columns.ts';
import { startExecution } from '../start-execution.ts';

interface ReplayOptions {
  readonly event?: readonly string[];
  readonly run?: string;
  readonly type?: string;
  readonly aggregateType?: string;
  readonly aggregate?: string;
  readonly processedAfter?: string;
  readonly processedBefore?: string;
  readonly all?: true;
  readonly limit?: number;
  readonly rate: number;
  readonly reason?: string;
  readonly dryRun?: true;
  readonly yes?: true;
}

const { maxEvents, maxRate, defaultRate } = replayLimits;

export function addReplay(program: Command): void {
  program
    .command('replay')
    .description('publishes processed events again; conditions must all hold')
    .option('--event <id>', 'this event; may be repeated', each(eventId))
    .option('--run <arn>', 'what this execution of the processor published', expressExecution)
    .option('--type <type>', 'event type')
    .option('--aggregate-type <type>', 'aggregate type')
    .option('--aggregate <id>', 'aggregate id')
    .option('--processed-after <time>', 'processed at or after, ISO 8601 with offset', time)
    .option('--processed-before <time>', 'processed before, ISO 8601 with offset', time)
    .option('--all', 'every processed event')
    .option('--limit <number>', 'at most so many, the oldest first', wholeNumber(1, maxEvents))
    .option('--rate <number>', 'at most so many a second', wholeNumber(1, maxRate), defaultRate)
    .option('--reason <text>', 'stored with every event that is replayed')
    .option('--dry-run', 'say how many match, and publish nothing')
    .option('--yes', 'do not ask before more than one event')
    .addHelpText(
      'after',
      `
The events keep their ids and get a replayId in their detail; live events always go first. What was purged after its
retention cannot be replayed. A replay that fails can be redriven in the Step Functions console, and goes on.`,
    )
    .addHelpText(
      'after',
      examples(
        'replay --type dish.rated --processed-after 2025-01-31T09:00:00Z --dry-run',
        'replay --type dish.rated --rate 50 --reason "search was restored" --yes',
        'replay --event 6c84fb90-12c4-11e1-840d-7b25c5ee775a',
      ),
    )
    // A request that is not clear is refused before a target is needed.
    .hook('preAction', (command) => void requestOf(command.opts()))
    .action(withContext(replay));
}

async function replay(context: Context, options: ReplayOptions): Promise<void> {
  const { output, stepFunctions } = context;
  const request = requestOf(options);
  const { limit = maxEvents, most, ...filter } = readReplayRequest(request);
  const database = context.database('reader');
  const matching = await countReplayable(database, filter, limit);
  const oldest = (await oldestReplayable(database)) ?? null;
  const count =
    matching > most
      ? `the first ${most} of ${eventsIn(matching)}, as many as one replay takes at this rate,`
      : eventsIn(matching);
  const kept =
    oldest === null
      ? 'no processed event is kept'
      : `processed events are kept from ${toSecond(oldest)} on, older ones were purged`;
  if (options.dryRun === true || matching === 0) {
    return output.answer({ dryRun: options.dryRun === true, matching, oldestProcessedAt: oldest }, () =>
      [matching === 0 ? 'no event matches' : `${count} would be replayed`, kept].join('; '),
    );
  }
  if (matching > 1 && options.yes !== true)
    await ask({ question: `Replay ${count}?`, reason: `${count} match`, refused: 'nothing was replayed' });

  const executionArn = await startExecution(
    stepFunctions,
    'replay',
    context.target.need('replayArn'),
    request,
  );
  output.note(`replaying ${count}, at most ${options.rate} a second: ${executionArn}`);
  let replayed = 0;
  const ended = await followExecution(context, executionArn, {
    of: Math.min(matching, most),
    unit: 'replayed',
    done: async () => {
      replayed = (await readReplayed(context, executionArn)) ?? replayed;
      return replayed;
    },
  });
  const { status, output: result } = ended;
  const { limitReached } = outcome.parse(JSON.parse(result ?? '{}'));
  const answer = { executionArn, status, matching, replayed, ...(limitReached && { limitReached }) };
  output.answer(answer, () =>
    limitReached ? `${replayed} replayed, as many as the limit allows` : `${replayed} replayed`,
  );
  expectSuccess('replay', ended);
}

const outcome = z.object({ limitReached: z.boolean().default(false) });
const marked = z.object({ replayed: z.number() });

// The newest entries of the history hold the end of a batch, unless the replay waits: then nothing has changed.
const NEWEST_ENTRIES = 100;

/** How many events the replay has marked, as its history says; undefined when its newest entries do not say it. */
async function readReplayed({ stepFunctions }: Context, executionArn: string): Promise<number | undefined> {
  const { events = [] } = await stepFunctions.send(
    new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: NEWEST_ENTRIES }),
  );
  const exited = events.find(
    ({ stateExitedEventDetails: left }) => left?.name === 'Mark replayed',
  )?.stateExitedEventDetails;
  return exited?.output === undefined ? undefined : marked.parse(JSON.parse(exited.output)).replayed;
}

function requestOf(options: ReplayOptions): object {
  const { event, run, type, aggregateType, aggregate, processedAfter, processedBefore } = options;
  const { all, limit, rate, reason } = options;
  checkSelection({
    ...{ conditions: [event, run, type, aggregateType, aggregate], all },
    ...{ status: 'processed', after: processedAfter, before: processedBefore },
  });
  const given = {
    eventIds: event,
    executionArn: run,
    eventType: type,
    aggregateType,
    aggregateId: aggregate,
    processedAfter,
    processedBefore,
    all,
    limit,
    rate,
    reason,
  };
  // Leaves out conditions that were not given.
  const request = JSON.parse(JSON.stringify(given)) as object;
  readReplayRequest(request);
  return request;
}
