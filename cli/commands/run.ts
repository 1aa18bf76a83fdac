import type { Command } from 'commander';
import { type Context, examples, withContext } from '../action.ts';
import { explain, Failed } from '../failure.ts';
import { explainOutage, readBus } from '../outage.ts';
import { runToEnd } from '../sync-execution.ts';

export function addRun(program: Command): void {
  program
    .command('run')
    .description('runs the processor now, and waits for its end')
    .addHelpText('after', '\nIts exit code is 0 only when every event that it claimed was published.')
    .addHelpText('after', examples('run', 'run --local --json'))
    .action(withContext(run));
}

async function run(context: Context): Promise<void> {
  // A person waits for the end: this run does not linger.
  const { executionArn, result } = await runToEnd(context, context.target.need('processorArn'), {
    lingerSeconds: 0,
  });
  if (result['outage'] === true) throw new Failed(await whyNothingWasAccepted(context, executionArn));
  const [claimed, failed, failedForGood] = ['claimed', 'failed', 'failedForGood'].map((name) =>
    Number(result[name] ?? 0),
  ) as [number, number, number];
  if (failed === 0 && failedForGood === 0) return;
  const forGood =
    failedForGood === 0
      ? 'they are tried again after their backoff'
      : `${failedForGood} failed for good and wait for a person`;
  throw new Failed(
    `${failed} of ${claimed} events were not published; ${forGood}: list --run ${executionArn} says why`,
  );
}

/** The rows know more than the run, if they can be read: since when, and the bus's own error. */
async function whyNothingWasAccepted(context: Context, executionArn: string): Promise<string> {
  const nothing = 'nothing of its last batch was accepted by the bus';
  const cost = `nothing is lost, no attempt was used, and it is tried again: list --run ${executionArn} says why`;
  try {
    const { outage } = await readBus(context.database());
    return outage === undefined ? `${nothing}; ${cost}` : explainOutage(outage);
  } catch (error) {
    return `${nothing}; ${cost} (since when could not be read: ${explain(error, context.target.place).sentence})`;
  }
}
