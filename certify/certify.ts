import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { chalkStderr } from 'chalk';
import { CommanderError } from 'commander';
import { createClients } from '../cli/clients.ts';
import { explain, WrongUsage } from '../cli/exit-codes.ts';
import { readOutputs } from '../cli/stack.ts';
import { resolveTarget, type Target } from '../cli/target.ts';
import { outputs as wantedOutputs } from '../infra/outputs.ts';
import { readPause } from '../outbox/pause.ts';
import { createSession, type Session } from './context.ts';
import { type ExitCode, exitCodes, type Options, readOptions } from './options.ts';
import { createProgress } from './print-progress.ts';
import { makeReportFolder, writeReport } from './report.ts';
import { type Result, runScenarios } from './runner.ts';
import type { Need } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { startTwin } from './twin.ts';

const WAKE_UP_MS = 90_000;

/** Runs the scenarios and returns the exit code. */
export async function main(given: readonly string[]): Promise<ExitCode> {
  // A closed pipe shows in the exit code; created resources are still removed.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (!ended.signal.aborted) process.stderr.write('\nending: what was made is removed first\n');
      ended.abort();
    });
  let place = 'the target';
  try {
    const options = readOptions(given);
    await makeReportFolder(options.reports);
    if (options.region !== undefined) process.env['AWS_REGION'] = options.region;
    place = options.stack === undefined ? 'the twin' : 'AWS';
    return await certify(options, ended.signal);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.same;
    if (ended.signal.aborted) return exitCodes.interrupted;
    const { sentence, exitCode } = explain(error, place);
    process.stderr.write(`${chalkStderr.red('error')} ${sentence}\n`);
    return exitCode;
  }
}

async function certify(options: Options, signal: AbortSignal): Promise<ExitCode> {
  if (options.stack !== undefined) return certifyOutbox(options, await readStack(options.stack), signal);
  process.stderr.write('starting a twin\n');
  const twin = await startTwin(signal);
  try {
    const target = await resolveTarget({ local: twin.url }, {});
    return await certifyOutbox(options, { target }, signal);
  } finally {
    await twin.stop();
  }
}

interface Outbox {
  readonly target: Target;
  readonly historyLogGroup?: string;
}

async function readStack(stack: string): Promise<Outbox> {
  const given = await readOutputs(stack);
  const missing = Object.keys(wantedOutputs).filter((output) => given[output] === undefined);
  if (missing.length > 0)
    throw new WrongUsage(
      `the stack ${stack} is no outbox: it has no output ${missing.join(', ')}; give one that npx cdk deploy made here`,
    );
  const target = await resolveTarget({ stack }, process.env);
  const { ProcessorLogGroup } = given;
  return { target, ...(ProcessorLogGroup !== undefined && { historyLogGroup: ProcessorLogGroup }) };
}

async function certifyOutbox(options: Options, outbox: Outbox, signal: AbortSignal): Promise<ExitCode> {
  const { stack, chosen, disturb } = options;
  const startedAt = new Date();
  const { target } = outbox;
  const lacks = new Set<Need>();
  if (stack === undefined) lacks.add('account');
  if (!disturb) lacks.add('disturb');
  if (await isPaused(target, signal)) lacks.add('running');

  const session = createSession({ ...outbox, ...(stack !== undefined && { stack }), signal });
  const progress = createProgress(chosen);
  const results = await runScenarios(chosen, { context: session.context, lacks, signal, ...progress });
  const leftBehind = await remove(session);
  progress.summary(results);
  const path = await writeReport(options.reports, {
    startedAt: startedAt.toISOString(),
    place: stack === undefined ? 'a twin of its own' : `the stack ${stack}`,
    ...placeOf(target),
    version: await version(),
    disturb,
    interrupted: signal.aborted,
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    results,
    ...(leftBehind !== undefined && { leftBehind }),
  });
  process.stdout.write(`report: ${path}\n`);
  if (leftBehind !== undefined)
    process.stderr.write(`${chalkStderr.red('error')} not everything could be removed: ${leftBehind}\n`);
  if (leftBehind !== undefined || results.some(({ outcome }) => outcome === 'differs'))
    return exitCodes.different;
  if (signal.aborted) return exitCodes.interrupted;
  return isComplete(results, stack === undefined) ? exitCodes.same : exitCodes.incomplete;
}

/** On the twin, a scenario that needs an account does not count as skipped. */
function isComplete(results: readonly Result[], local: boolean): boolean {
  const countable = scenarios.filter(({ needs }) => !(local && needs.includes('account')));
  return countable.every(({ id }) =>
    results.some((result) => result.id === id && result.outcome !== 'skipped'),
  );
}

function placeOf({ region = process.env['AWS_REGION'] }: Target) {
  const [, endpoint] =
    Object.entries(process.env).find(([name]) => name.startsWith('AWS_ENDPOINT_URL')) ?? [];
  return { ...(region !== undefined && { region }), ...(endpoint !== undefined && { endpoint }) };
}

/** The first query: a paused database needs half a minute to answer it. */
async function isPaused(target: Target, signal: AbortSignal): Promise<boolean> {
  const endsAt = Date.now() + WAKE_UP_MS;
  for (;;) {
    try {
      return (await readPause(createClients(target).database())) !== undefined;
    } catch (error) {
      const sleeps = error instanceof Error && error.message.includes('DatabaseResumingException');
      if (!sleeps || Date.now() > endsAt) throw error;
      process.stderr.write('the database is waking up\n');
      await pause(5_000, undefined, { signal });
    }
  }
}

async function remove(session: Session): Promise<string | undefined> {
  try {
    await session.removeAll();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function version(): Promise<string> {
  const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
