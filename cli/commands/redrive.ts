import type { Command } from 'commander';
import * as z from 'zod';
import { redriveProgress } from '../../outbox/redrive-progress.ts';
import { type RedriveRequest, readRedriveRequest } from '../../outbox/redrive-request.ts';
import { countMatches, type Matches } from '../../outbox/requeue.ts';
import { type Context, examples, withContext } from '../action.ts';
import { each, eventId, expressExecution, time, wholeNumber } from '../arguments.ts';
import { ask, eventsIn } from '../ask.ts';
import { checkSelection } from '../check-selection.ts';
import { WrongUsage } from '../exit-codes.ts';
import { expectSuccess, followExecution } from '../follow-execution.ts';
import { MATCHES_LIMIT, startExecution } from '../start-execution.ts';

/** The answer of the state machine, apart from the progress, which is queried again. */
const verified = z.object({ paused: z.boolean().default(false) });

interface RedriveOptions {
  readonly event?: readonly string[];
  readonly run?: string;
  readonly runIsStopped?: true;
  readonly type?: string;
  readonly aggregate?: string;
  readonly error?: string;
  readonly failedAfter?: string;
  readonly failedBefore?: string;
  readonly limit?: number;
  readonly all?: true;
  readonly dryRun?: true;
  readonly yes?: true;
}

export function addRedrive(program: Command): void {
  program
    .command('redrive')
    .description('gives failed events a second chance; conditions must all hold')
    .option('--event <id>', 'this event; may be repeated', each(eventId))
    .option('--run <arn>', 'what failed in this execution of the processor', expressExecution)
    .option('--run-is-stopped', 'also what that run still holds: only you can know that it is dead')
    .option('--type <type>', 'event type')
    .option('--aggregate <id>', 'aggregate id')
    .option('--error <type>', 'last error type, e.g. MalformedDetail')
    .option('--failed-after <time>', 'failed at or after, ISO 8601 with offset', time)
    .option('--failed-before <time>', 'failed before, ISO 8601 with offset', time)
    .option('--limit <number>', 'at most so many', wholeNumber(1, 999_999_999))
    .option('--all', 'every failed event')
    .option('--dry-run', 'say how many match, and change nothing')
    .option('--yes', 'do not ask before more than one event, or one that was skipped')
    .addHelpText(
      'after',
      examples(
        'redrive --error MalformedDetail --dry-run',
        'redrive --error MalformedDetail --yes',
        'redrive --event 6c84fb90-12c4-11e1-840d-7b25c5ee775a',
        'redrive --failed-after 2025-01-31T09:00:00Z --dry-run',
        'redrive --all --yes',
      ),
    )
    // A request that is not clear is refused before a target is needed.
    .hook('preAction', (command) => void requestOf(command.opts()))
    .action(withContext(redrive));
}

async function redrive(context: Context, options: RedriveOptions): Promise<void> {
  const { output } = context;
  const request = requestOf(options);
  const { limit = MATCHES_LIMIT, dryRun: _, ...filter } = request;
  const matches = await countMatches(context.database(), filter, Math.min(limit, MATCHES_LIMIT));
  const { matching, outOfOrder } = matches;
  const count = eventsIn(matching);
  if (options.dryRun === true || matching === 0) {
    const answer = { dryRun: options.dryRun === true, matching, ...(outOfOrder > 0 && { outOfOrder }) };
    return output.answer(answer, () =>
      matching === 0
        ? 'no event matches'
        : [`${count} would be redriven`, ...outOfOrderOf(matches)].join('; '),
    );
  }
  if ((matching > 1 || outOfOrder > 0) && options.yes !== true) {
    const [warning] = outOfOrderOf(matches);
    await ask({
      question: `Redrive ${count}?${warning === undefined ? '' : ` ${capitalized(warning)}.`}`,
      reason: outOfOrder > 0 ? `${warning},` : `${count} match`,
      refused: 'nothing was redriven',
    });
  }

  const redriveArn = context.target.need('redriveArn');
  const executionArn = await startExecution(context.stepFunctions, 'redrive', redriveArn, request);
  output.note(`redriving ${count}: ${executionArn}`);
  const readProgress = () => redriveProgress(context.database(), executionArn);
  const ended = await followExecution(context, executionArn, {
    of: matching,
    unit: 'processed',
    done: async () => (await readProgress()).processed,
  });
  const { status, output: result } = ended;
  const progress = await readProgress();
  const paused = result !== undefined && verified.parse(JSON.parse(result)).paused;
  const answer = { executionArn, status, matching, ...progress };
  output.answer({ ...answer, ...(outOfOrder > 0 && { outOfOrder }), ...(paused && { paused }) }, () =>
    paused
      ? `${progress.processed} processed; the outbox is paused, and ${progress.unfinished} are published when somebody resumes it`
      : `${progress.processed} processed`,
  );
  expectSuccess('redrive', ended);
}

function requestOf(options: RedriveOptions): RedriveRequest {
  const { event, run, runIsStopped, type, aggregate, error, failedAfter, failedBefore, limit, all } = options;
  checkSelection({
    ...{ conditions: [event, run, type, aggregate, error], all },
    ...{ status: 'failed', after: failedAfter, before: failedBefore },
  });
  if (runIsStopped && run === undefined)
    throw new WrongUsage('--run-is-stopped says something about one run: give its --run too');
  const given = {
    eventIds: event,
    executionArn: run,
    runIsStopped,
    eventType: type,
    aggregateId: aggregate,
    errorType: error,
    failedAfter,
    failedBefore,
    limit,
    all,
  };
  // Leaves out conditions that were not given.
  return readRedriveRequest(JSON.parse(JSON.stringify(given)));
}

/** What a redrive does to the order of keys, when it does something. */
export function outOfOrderOf({ matching, outOfOrder }: Matches): readonly string[] {
  if (outOfOrder === 0) return [];
  const which =
    matching === 1
      ? 'it was skipped and leaves'
      : `${outOfOrder} of them ${outOfOrder === 1 ? 'was skipped and leaves' : 'were skipped and leave'}`;
  return [`${which} the order: published without a sequence, after younger events of the same key`];
}

const capitalized = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
