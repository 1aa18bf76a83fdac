import type { Command } from 'commander';
import { examples, withContext } from '../action.ts';
import { runToEnd } from '../sync-execution.ts';

export function addRun(program: Command): void {
  program
    .command('run')
    .description('runs the processor now, and waits for its end')
    .addHelpText('after', examples('run', 'run --local --json'))
    .action(
      withContext((context) =>
        // A person waits for the end, so this run does not linger.
        runToEnd(context, context.target.need('processorArn'), { lingerSeconds: 0 }),
      ),
    );
}
