import type { Command } from 'commander';
import { examples, withContext } from '../action.ts';
import { runToEnd } from '../sync-execution.ts';

export function addPurge(program: Command): void {
  program
    .command('purge')
    .description('deletes processed events past their retention now, and waits for the end')
    .addHelpText(
      'after',
      '\n"more true": its four minutes were up first; purge again. "overdueSeconds": by how much the oldest event that is left exceeds the retention.',
    )
    .addHelpText('after', examples('purge', 'purge --stack outbox --json'))
    .action(
      withContext(async (context) => {
        await runToEnd(context, context.target.need('cleanupArn'));
      }),
    );
}
