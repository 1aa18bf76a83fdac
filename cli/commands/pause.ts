import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { type Pause, pause, resume } from '../../outbox/pause.ts';
import { type Context, examples, withContext } from '../action.ts';
import { Failed } from '../exit-codes.ts';
import { printable } from '../printable.ts';

export function addPause(program: Command): void {
  program
    .command('pause')
    .description('stops publishing and purging, until resume; events wait in the table')
    .option('--reason <text>', 'for whoever finds the outbox paused')
    .addHelpText(
      'after',
      '\nThe pause is kept in the database: deployments, ticks and runs by hand do not end it.',
    )
    .addHelpText('after', examples('pause --reason "restored from a snapshot"', 'pause --local'))
    .action(
      withContext(async ({ database, output }: Context, { reason }: { readonly reason?: string }) => {
        const paused = await pause(database(), userInfo().username, reason);
        if (paused === undefined) throw new Failed('no deployment owns this outbox: deploy it first');
        output.answer({ paused }, () => describePause(paused));
      }),
    );
}

export function addResume(program: Command): void {
  program
    .command('resume')
    .description('ends a pause')
    .addHelpText('after', examples('resume', 'resume --stack outbox'))
    .action(
      withContext(async ({ database, output }: Context) => {
        const ended = await resume(database());
        output.answer({ resumed: ended !== undefined, ended }, () =>
          ended === undefined ? 'it was not paused' : `resumed; it was ${describePause(ended)}`,
        );
      }),
    );
}

export function describePause({ since, by, reason }: Pause): string {
  return `paused since ${since} by ${printable(by)}${reason === undefined ? '' : `: ${printable(reason)}`}`;
}
