import { Command } from 'commander';
import { filledText } from '../cli/arguments.ts';
import { WrongUsage } from '../cli/exit-codes.ts';
import { writeOut } from '../cli/stdout.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';

/** Exit codes for scripts; 2 and 3 are the same as in the operator's CLI. */
export const exitCodes = {
  same: 0,
  different: 1,
  usage: 2,
  unreachable: 3,
  incomplete: 4,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export interface Options {
  /** Undefined when certify starts its own twin. */
  readonly stack?: string;
  readonly region?: string;
  readonly disturb: boolean;
  readonly chosen: readonly Scenario[];
  readonly reports: string;
}

const help = `
Examples:
  $ npm run certify -- --local
  $ npm run certify -- --stack outbox --region eu-central-1
  $ npm run certify -- --stack outbox --only ghost-bus,partial-failure

Exit codes:
  0    every scenario ran, and showed what the twin shows (--local: every one that a twin can show)
  1    something differs, or could not be removed
  2    the command line says nothing clear; nothing was done
  3    the target does not answer, or there are no credentials for it
  4    nothing differs, but not every scenario ran: the lines say why
  130  ended by Ctrl-C; what was made is removed`;

/** @throws CommanderError, WrongUsage */
export function readOptions(given: readonly string[]): Options {
  const command = new Command('certify')
    .description(
      'Runs every fact that the outbox relies on, against an AWS account or a twin, and says what differs.',
    )
    .option('--local', 'a twin of its own, started for it and stopped afterwards')
    .option('--stack <name>', 'the CloudFormation stack of an outbox')
    .option('--region <region>', "its region (default: the environment's)")
    .option('--disturb', 'also what others may notice: events on the bus, a failed event, an alarm')
    .option('--only <ids>', 'these scenarios, separated by commas')
    .option('--report <folder>', 'where the reports go', 'certify-reports')
    .allowExcessArguments(false)
    // main() prints errors; silence Commander.
    .configureOutput({ outputError: () => undefined, writeOut })
    .exitOverride()
    .addHelpText('after', help);
  for (const option of command.options) if (option.required) option.argParser(filledText);
  command.parse(given, { from: 'user' });
  const { local, stack, region, disturb, only, report } = command.opts<{
    local?: true;
    stack?: string;
    region?: string;
    disturb?: true;
    only?: string;
    report: string;
  }>();
  if ((local === undefined) === (stack === undefined))
    throw new WrongUsage(
      `give --local for the twin or --stack NAME for an account, received ${local ? 'both' : 'neither'}`,
    );
  if (local && region !== undefined) throw new WrongUsage('--region is for an account: give it with --stack');
  if (region !== undefined && !/^[a-z]{2,3}(-[a-z]+)+-\d+$/.test(region))
    throw new WrongUsage(`${region} is no region: expected one such as eu-central-1`);
  return {
    ...(stack !== undefined && { stack }),
    ...(region !== undefined && { region }),
    // Nobody else uses this twin.
    disturb: local ?? disturb ?? false,
    chosen: only === undefined ? scenarios : chosen(only.split(',')),
    reports: report,
  };
}

function chosen(ids: readonly string[]): readonly Scenario[] {
  const unknown = ids.filter((id) => !scenarios.some((scenario) => scenario.id === id));
  if (unknown.length > 0)
    throw new WrongUsage(
      `there is no scenario ${unknown.join(', ')}: expected ${scenarios.map(({ id }) => id).join(', ')}`,
    );
  return scenarios.filter(({ id }) => ids.includes(id));
}
