import type { Command } from 'commander';
import { examples, withContext } from '../action.ts';
import { runToEnd } from '../sync-execution.ts';

export function addPurge(program: Command): void {
  program
    .command('purge')
    .description('deletes processed events past their retention now, and waits for the end')
    .addHelpText('after', '\n"more true": its time was up first; purge again.')
    .addHelpText('after', examples('purge', 'purge --stack outbox --json'))
    .action(withContext((context) => runToEnd(context, context.target.need('cleanupArn'))));
}
