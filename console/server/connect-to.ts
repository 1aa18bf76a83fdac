import { resolveTarget, type TargetOptions } from '../../cli/target.ts';
import { connect } from './connection.ts';
import { type ConsoleOptions, createConsole } from './create-console.ts';

/** The console of the outbox that the options of the CLI name. */
export async function connectTo(options: TargetOptions, console: ConsoleOptions) {
  return createConsole(connect(await resolveTarget(options, process.env)), console);
}
