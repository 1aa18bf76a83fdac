import type { Command } from 'commander';
import { type Context, examples, withContext } from '../action.ts';
import { explain, Failed } from '../exit-codes.ts';
import { explainOutage, type Outage, readBus } from '../outage.ts';
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
  // A person waits for the end, so this run does not linger.
  const { executionArn, result } = await runToEnd(context, context.target.need('processorArn'), {
    lingerSeconds: 0,
  });
  const [claimed, published, failed, failedForGood] = numbers(result);
  if (result['outage'] === true || (published === 0 && failed === 0 && failedForGood === 0)) {
    const { outage, unknown } = await readOutage(context);
    const due = claimed === 0 ? 'nothing was due yet: ' : '';
    if (outage !== undefined) throw new Failed(`${due}${explainOutage(outage)}`);
    const since = unknown === undefined ? '' : ` (since when could not be read: ${unknown})`;
    if (result['outage'] === true)
      throw new Failed(
        `nothing of its last batch was accepted by the bus; nothing is lost, no attempt was used, and it is tried again: list --run ${executionArn} says why${since}`,
      );
    if (unknown !== undefined) context.output.note(`not checked whether the bus is away: ${unknown}`);
  }
  if (failed === 0 && failedForGood === 0) return;
  const forGood =
    failedForGood === 0
      ? 'they are tried again after their backoff'
      : `${failedForGood} failed for good and wait for a person`;
  throw new Failed(
    `${failed} of ${claimed} events were not published; ${forGood}: list --run ${executionArn} says why`,
  );
}

function numbers(result: Readonly<Record<string, unknown>>): [number, number, number, number] {
  const of = (name: string) => Number(result[name] ?? 0);
  return [of('claimed'), of('published'), of('failed'), of('failedForGood')];
}

/** The rows know more than the run, such as since when. A run needs no access to them, so they may be out of reach. */
async function readOutage(context: Context): Promise<{ outage?: Outage | undefined; unknown?: string }> {
  try {
    return { outage: (await readBus(context.database())).outage };
  } catch (error) {
    return { unknown: explain(error, context.target.place).sentence };
  }
}
