import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import chalk from 'chalk';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Twin } from '../twin/deploy.ts';
import { runSession } from './session.ts';
import { startTwin } from './start-twin.ts';

// Leave memory to other programs: by default the heap may grow to four times what it needs before it is collected.
setFlagsFromString('--heap-growing-percent=40');

const project = fileURLToPath(new URL('..', import.meta.url));

const wholeNumber = (value: string): number => {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('expected a whole number.');
  return Number(value);
};

const keyValue = (given: string, before: Readonly<Record<string, string>>): Record<string, string> => {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(given) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('expected key=value.');
  return { ...before, [key]: value };
};

const command = new Command()
  .name('npm start --')
  .description('Runs the outbox processor as it would be deployed, on this machine.')
  .option('--port <number>', 'port of the endpoint, 0 for a free one', wholeNumber, 4566)
  .option(
    '--data-dir <folder>',
    'where the database keeps its files (default: .local/postgres in the project)',
  )
  .option('--events <number>', 'sample events to write; 0 for none (default: an endless stream)', wholeNumber)
  .option(
    '--event-bytes <number>',
    'sample payloads of about this size instead of real webhooks',
    wholeNumber,
  )
  .option('--once', 'end when everything is published; exit code 0 only if nothing is missing')
  .option(
    '--tick <seconds>',
    'seconds between two ticks, 0 for none (default: 5 with sample events, else as deployed)',
    wholeNumber,
  )
  .option(
    '--lambda-concurrency <number>',
    'invocations that may run at once before Lambda refuses more (default: 1000, as an account)',
    wholeNumber,
  )
  .addOption(
    new Option(
      '-c, --context <key=value>',
      'configuration as for cdk deploy, e.g. -c outbox:publishChunkSize=10 (may be repeated)',
    )
      .argParser(keyValue)
      .default({}, 'that of cdk.json')
      .conflicts('assembly'),
  )
  .option('--assembly <folder>', 'run a cloud assembly that `npm run synth` has written')
  .allowExcessArguments(false)
  .parse();
const options = command.opts<{
  port: number;
  dataDir?: string;
  events?: number;
  eventBytes?: number;
  once?: true;
  tick?: number;
  lambdaConcurrency?: number;
  assembly?: string;
  context: Record<string, string>;
}>();

const events = options.events ?? (options.once ? 500 : Number.POSITIVE_INFINITY);
const startedAt = performance.now();
const stopping = new AbortController();
let twin: Twin | undefined;

// The first signal lets the current runs end, so that their events need not wait for a lease; a second one does not.
// npm passes on a Ctrl-C that the terminal has already sent, so a signal within a second is the same one.
const SAME_SIGNAL_MS = 1_000;
let signalledAt: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    signalledAt ??= performance.now();
    if (!stopping.signal.aborted) {
      stopping.abort();
      console.log(chalk.dim('\nstopping: the runs under way end first; once more to stop at once'));
    } else if (performance.now() - signalledAt > SAME_SIGNAL_MS) {
      void twin?.stop('now').finally(() => process.exit(130));
    }
  });
}

try {
  twin = await startTwin({
    port: options.port,
    dataDir: options.dataDir ?? `${project}.local/postgres`,
    dataDirGiven: options.dataDir !== undefined,
    databaseUrl: process.env['DATABASE_URL'] || undefined,
    tickSeconds: options.tick ?? (events > 0 ? 5 : undefined),
    assembly: options.assembly,
    context: options.context,
    lambdaConcurrency: options.lambdaConcurrency,
    // With --once, the session compares everything with the log at its end.
    busLogBytes: options.once ? Number.POSITIVE_INFINITY : undefined,
    report: (step) => console.log(`${chalk.dim(seconds())} ${step}`),
  });
  console.log(`${chalk.dim(seconds())} ${chalk.green('ready')} at ${chalk.bold(twin.url)}`);
  const complete = await runSession(twin, {
    events,
    eventBytes: options.eventBytes,
    once: options.once === true,
    stopping: stopping.signal,
  });
  process.exitCode = complete ? 0 : 1;
} catch (error) {
  console.error(`${chalk.red('error')} ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await twin?.stop();
}

function seconds(): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s`;
}
