import { chalkStderr } from 'chalk';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { examples } from './action.ts';
import { filledText } from './arguments.ts';
import { addConsole } from './commands/console.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEnqueue } from './commands/enqueue.ts';
import { addList } from './commands/list.ts';
import { addPause, addResume } from './commands/pause.ts';
import { addPurge } from './commands/purge.ts';
import { addRedrive } from './commands/redrive.ts';
import { addReplay } from './commands/replay.ts';
import { addRun } from './commands/run.ts';
import { addShow } from './commands/show.ts';
import { addSkip } from './commands/skip.ts';
import { addStatus } from './commands/status.ts';
import { addSyncRoles } from './commands/sync-roles.ts';
import { addTail } from './commands/tail.ts';
import { type ExitCode, exitCodes, explain } from './exit-codes.ts';
import { OutputLost, writeOut } from './stdout.ts';
import { defaultLocalUrl, loopbackUrl, placeOf, type TargetOptions } from './target.ts';

const exitCodeHelp = `
Exit codes:
  0  done, and all is well
  1  it failed: a run, a redrive or a replay, a check of doctor, an event that does not exist, an answer that cannot be written;
     or not all of what a run claimed was published, as in an outage; or it is paused: run, purge
  2  the command line says nothing clear; nothing was done
  3  the target does not answer, or there are no credentials for it`;

function createProgram(): Command {
  const program = new Command('outbox')
    .description('Shows the state of an outbox and repairs it, on AWS or on the local twin (npm start).')
    .version(packageJson.version, '--version', 'the version of this CLI')
    .option('--local [url]', `the twin (default: a loopback AWS_ENDPOINT_URL, or ${defaultLocalUrl})`)
    .option('--stack <name>', 'the CloudFormation stack whose outputs give the names (default: "outbox")')
    .option('--cluster-arn <arn>', 'instead of a stack, as are the next seven')
    .option('--secret-arn <arn>', 'a secret whose user may do to the outbox what the command does')
    .option('--database <name>', 'the database')
    .option('--bus-name <name>', 'the event bus')
    .option('--processor-arn <arn>', 'the state machine that publishes')
    .option('--redrive-arn <arn>', 'the state machine that redrives')
    .option('--replay-arn <arn>', 'the state machine that replays')
    .option('--cleanup-arn <arn>', 'the state machine that purges')
    .option('--json', 'one JSON document on stdout, and nothing else there')
    .configureHelp({ showGlobalOptions: true })
    // main() prints errors; silence Commander.
    .configureOutput({ outputError: () => undefined, writeOut })
    .exitOverride()
    .addHelpText('after', examples('status --local', 'doctor --stack outbox', 'list --status failed --json'))
    .addHelpText('afterAll', exitCodeHelp);
  for (const add of [
    addStatus,
    addList,
    addShow,
    addRun,
    addRedrive,
    addSkip,
    addReplay,
    addEnqueue,
    addPurge,
    addTail,
    addPause,
    addResume,
    addSyncRoles,
    addDoctor,
    addConsole,
  ])
    add(program);
  for (const command of program.commands) command.copyInheritedSettings(program);
  for (const option of [program, ...program.commands].flatMap(({ options }) => options))
    if (option.required && option.parseArg === undefined) option.argParser(filledText);
  return program;
}

/** Runs one command and returns the exit code. */
export async function main(given: readonly string[]): Promise<ExitCode> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `outbox list | head` ends when head has read enough.
    process.exit(error.code === 'EPIPE' ? exitCodes.ok : say(new OutputLost(error)));
  });
  // Errors can no longer be printed; the exit code still reports the result.
  process.stderr.on('error', () => undefined);
  // On Node 20 the SDK warns about its requirements for 2027, which do not concern an operator.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const program = createProgram();
  try {
    if (given.length === 0) program.help();
    const [first, topic] = given;
    // Commander would show the help of all commands.
    if (
      first === 'help' &&
      topic !== undefined &&
      !program.commands.some((command) => command.name() === topic)
    )
      program.error(`unknown command '${topic}'`);
    await program.parseAsync(withLocalUrl(given), { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
    return say(error, place(program.opts()));
  }
}

function say(error: unknown, place = 'the target'): ExitCode {
  const { sentence, exitCode } = explain(error, place);
  process.stderr.write(`${chalkStderr.red('error')} ${sentence}\n`);
  return exitCode;
}

function place(options: TargetOptions): string {
  try {
    return placeOf(options, process.env);
  } catch {
    return 'the target';
  }
}

/** `--local` takes an optional URL, but Commander would take the next word as the URL, such as the command. */
function withLocalUrl(given: readonly string[]): string[] {
  return given.map((word, index) =>
    word === '--local' && !/^https?:/.test(given[index + 1] ?? '')
      ? `--local=${loopbackUrl(process.env) ?? defaultLocalUrl}`
      : word,
  );
}
