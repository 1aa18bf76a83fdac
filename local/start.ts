import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import chalk from 'chalk';
import { Command, InvalidArgumentError, Option } from 'commander';
import { filledText, wholeNumber } from '../cli/arguments.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import type { Twin } from '../twin/deploy.ts';
import { type ExitCode, exitCodeOf, interruptions } from './exit-codes.ts';
import { runSession } from './session.ts';
import { startTwin } from './start-twin.ts';

// Leave memory to other programs: by default the heap may grow to four times what it needs before it is collected.
setFlagsFromString('--heap-growing-percent=40');

const project = fileURLToPath(new URL('..', import.meta.url));

// A timer of Node.js takes 31 bits of milliseconds; with more it fires at once.
const MOST_SECONDS = 2_147_483;

// The table refuses larger ones, with their envelope.
const MOST_EVENT_BYTES = 1_000_000;

const keyValue = (given: string, before: Readonly<Record<string, string>>): Record<string, string> => {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(given) ?? [];
  // Every other key would be ignored; those with @ and aws: are the CDK's own.
  if (key === undefined || value === undefined || !/^(outbox:|@|aws:)/.test(key))
    throw new InvalidArgumentError('expected outbox:key=value, e.g. outbox:batchSize=10.');
  return { ...before, [key]: value };
};

const command = new Command()
  .name('npm start --')
  .description('Runs the outbox processor as it would be deployed, on this machine.')
  .option('--port <number>', 'port of the endpoint, 0 for a free one', wholeNumber(0, 65_535), 4566)
  .option(
    '--data-dir <folder>',
    'where the database keeps its files (default: .local/postgres in the project)',
    filledText,
  )
  .option(
    '--events <number>',
    'sample events to write; 0 for none (default: an endless stream)',
    wholeNumber(0, 999_999_999),
  )
  .option(
    '--event-bytes <number>',
    'sample payloads of about this size instead of real webhooks',
    wholeNumber(0, MOST_EVENT_BYTES),
  )
  .option('--once', 'end when everything is published; exit code 0 only if nothing is missing')
  .option(
    '--tick <seconds>',
    'seconds between two ticks, 0 for none (default: 5 with sample events, else as deployed)',
    wholeNumber(0, MOST_SECONDS),
  )
  .option(
    '--lambda-concurrency <number>',
    'invocations that may run at once before Lambda refuses more (default: 1000, as an account)',
    wholeNumber(1, 999_999_999),
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
  .option('--assembly <folder>', 'run a cloud assembly that `npm run synth` has written', filledText)
  .allowExcessArguments(false)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.ok : exitCodes.usage))
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
let problem: Error | undefined;

// The first signal lets the current runs end, so that their events need not wait for a lease; a second one does not.
// npm passes on a Ctrl-C that the terminal has already sent, so a signal within a second is the same one.
const SAME_SIGNAL_MS = 1_000;
let signalledAt: number | undefined;
let interrupted: ExitCode | undefined;
for (const [signal, exitCode] of Object.entries(interruptions)) process.on(signal, () => interrupt(exitCode));

// npm hands SIGTERM to its shell, which ends without passing it on.
const { ppid } = process;
const watch = setInterval(() => {
  if (process.ppid === ppid) return;
  clearInterval(watch);
  interrupt(interruptions.SIGTERM);
}, 200).unref();
if (process.env['npm_lifecycle_event'] !== 'start') clearInterval(watch);

// `npm start | head` ends when head has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') problem ??= new Error(`stdout cannot be written: ${error.message}`);
  stopping.abort();
});
// Nobody can be told; the exit code still says how it ended.
process.stderr.on('error', () => undefined);

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
    // At its end, the session compares everything with the log.
    keepBusEvents: options.once === true,
    stopping: stopping.signal,
    report: (step) => console.log(`${chalk.dim(seconds())} ${step}`),
  });
  console.log(`${chalk.dim(seconds())} ${chalk.green('ready')} at ${chalk.bold(twin.url)}`);
  // Not that of DATABASE_URL, whose password is a secret.
  if (!options.once && !process.env['DATABASE_URL'])
    console.log(`look into the database: psql ${twin.postgresUrl}`);
  void twin.databaseLost.then((error) => {
    problem ??= error;
    // Runs that are under way would only retry until they fail.
    void twin?.stop('now');
    stopping.abort();
  });
  const complete = await runSession(twin, {
    events,
    eventBytes: options.eventBytes,
    once: options.once === true,
    stopping: stopping.signal,
  });
  process.exitCode = complete ? exitCodes.ok : (options.once && interrupted) || exitCodes.failed;
} catch (error) {
  if (error === stopping.signal.reason)
    process.exitCode = interrupted ?? (options.once ? exitCodes.failed : exitCodes.ok);
  else problem = error instanceof Error ? error : new Error(String(error));
} finally {
  await twin?.stop();
}
if (problem !== undefined) {
  console.error(`${chalk.red('error')} ${problem.message}`);
  process.exitCode = exitCodeOf(problem);
}

function interrupt(exitCode: ExitCode): void {
  signalledAt ??= performance.now();
  if (interrupted === undefined) {
    interrupted = exitCode;
    stopping.abort();
    const how = twin === undefined ? '' : ': the runs under way end first; once more to stop at once';
    console.log(chalk.dim(`\nstopping${how}`));
  } else if (performance.now() - signalledAt > SAME_SIGNAL_MS) {
    const stopped = twin?.stop('now') ?? Promise.resolve();
    void stopped.finally(() => process.exit(exitCode));
  }
}

function seconds(): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s`;
}
