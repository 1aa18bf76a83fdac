import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { WAITING_LIMIT } from '../../outbox/place-in-key.ts';
import { readSkippable, type Skipped, skip } from '../../outbox/skip.ts';
import { type Context, examples, withContext } from '../action.ts';
import { eventId } from '../arguments.ts';
import { ask } from '../ask.ts';
import { Failed } from '../exit-codes.ts';
import { printable } from '../printable.ts';

interface SkipOptions {
  readonly reason?: string;
  readonly dryRun?: true;
  readonly yes?: true;
}

export function addSkip(program: Command): void {
  program
    .command('skip')
    .description('takes a failed event out of the order of its key, so that those behind it pass')
    .argument('<eventId>', 'the id of the event', eventId)
    .option('--reason <text>', 'for whoever looks at the event later')
    .option('--dry-run', 'say what would pass, and change nothing')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      '\nThe event stays failed, and keeps who skipped it, when and why. A redrive publishes it later without a place\nin the order. list --blocked shows the events that block a key.',
    )
    .addHelpText(
      'after',
      examples(
        'list --blocked',
        'skip 9d1f63d4-5c2c-4c39-8b46-0f8f2d7d6a55 --dry-run',
        'skip 9d1f63d4-5c2c-4c39-8b46-0f8f2d7d6a55 --reason "the dish was removed" --yes',
      ),
    )
    .action(withContext(skipEvent));
}

async function skipEvent({ database, output }: Context, id: string, options: SkipOptions): Promise<void> {
  const found = await readSkippable(database(), id);
  if ('refusal' in found) throw new Failed(found.refusal);
  const { orderingKey, waitingBehind, skipped } = found;
  const key = `key ${printable(orderingKey)}`;
  const waiting = describeWaiting(waitingBehind);
  if (skipped !== undefined)
    return output.answer({ skipped, already: true }, () => `it was ${describeSkipped(skipped)}`);
  if (options.dryRun === true)
    return output.answer(
      { dryRun: true, eventId: id, orderingKey, waitingBehind },
      () => `${waiting} behind it would pass, of ${key}`,
    );
  if (options.yes !== true)
    await ask({
      question: `Skip the event for good? ${waiting} of ${key} would pass it.`,
      reason: `a skip changes the order of ${key} for good`,
      refused: 'nothing was skipped',
    });
  const done = await skip(database(), id, userInfo().username, options.reason);
  output.answer(
    { skipped: done, waitingBehind },
    () => `${describeSkipped(done)}; ${waiting} of ${key} ${waitingBehind === 1 ? 'passes' : 'pass'}`,
  );
}

/** How many events wait. */
export function describeWaiting(count: number): string {
  if (count === 1) return '1 event';
  return count >= WAITING_LIMIT ? `${WAITING_LIMIT} or more events` : `${count} events`;
}

export function describeSkipped({ since, by, reason }: Omit<Skipped, 'eventId' | 'orderingKey'>): string {
  const who = by === undefined ? 'the setting orderingOnFailure' : printable(by);
  return `skipped at ${since} by ${who}${reason === undefined ? '' : `: ${printable(reason)}`}`;
}
