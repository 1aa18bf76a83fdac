import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import type { Command } from 'commander';
import * as z from 'zod';
import { type Pause, readPause } from '../../outbox/pause.ts';
import { type Context, examples, withContext } from '../action.ts';
import { type Backlog, COUNT_LIMIT, describeBlocked, readBacklog } from '../backlog.ts';
import { duration } from '../duration.ts';
import { explainOutage, type Outage, readBus } from '../outage.ts';
import { toSecond } from '../sql-columns.ts';
import { describePause } from './pause.ts';

const RUNS = 5;

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('events by status, lag and the last runs')
    .addHelpText('after', `\nCounts end at ${COUNT_LIMIT}: look for the + behind the number.`)
    .addHelpText('after', examples('status', 'status --local', 'status --json | jq .backlog.failed'))
    .action(withContext(status));
}

async function status(context: Context): Promise<void> {
  const { output, target } = context;
  const [backlog, pause, { outage }, redrives, processorRuns] = await Promise.all([
    readBacklog(context.database('reader')),
    readPause(context.database('reader')),
    readBus(context.database('reader')),
    lastRedrives(context),
    lastProcessorRuns(context),
  ]);
  const whereRuns = consoleUrl(target.need('processorArn'));
  output.answer(
    {
      paused: pause ?? null,
      outage: outage ?? null,
      backlog,
      processorRuns: processorRuns ?? { console: whereRuns },
      redrives,
    },
    () => `${describe(backlog, pause, outage, context)}

${output.colors.bold('last runs of the processor')}
${processorRuns === undefined ? `an Express execution cannot be listed: ${whereRuns}` : tableOf(processorRuns, context)}

${output.colors.bold('last redrives')}
${tableOf(redrives, context)}`,
  );
}

function describe(
  backlog: Backlog,
  pause: Pause | undefined,
  outage: Outage | undefined,
  { output: { colors } }: Context,
): string {
  const count = (value: number) => (value >= COUNT_LIMIT ? `${COUNT_LIMIT}+` : String(value));
  const { pending, due, dueLater, processing, processed, failed, lagSeconds, lastProcessedAt } = backlog;
  const blocked = describeBlocked(backlog);
  const rows = [
    ...(outage === undefined ? [] : [['outage', colors.red(explainOutage(outage))]]),
    ...(pause === undefined
      ? []
      : [['paused', colors.red(`${describePause(pause).replace('paused ', '')}; to go on: resume`)]]),
    [
      'pending',
      `${count(pending)}${dueLater > 0 ? `  ${count(dueLater)} of them in backoff, delayed by their producer or behind an event of their key` : ''}`,
    ],
    ['processing', count(processing)],
    [
      'processed',
      `${count(processed)}${lastProcessedAt === null ? '' : `  the last at ${toSecond(lastProcessedAt)}`}`,
    ],
    ['failed', failed > 0 ? colors.red(`${count(failed)}  wait for a person: list --status failed`) : '0'],
    ...(blocked === undefined ? [] : [['blocked', colors.red(`${blocked}: list --blocked`)]]),
    ['due', `${count(due)}${due > 0 ? '  to be claimed now' : ''}`],
    ['lag', duration(lagSeconds)],
  ];
  return rows.map(([label = '', value = '']) => `${colors.dim(label.padEnd(10))} ${value}`).join('\n');
}

interface Run {
  readonly executionArn: string;
  readonly status: string;
  readonly startDate: string;
  readonly stopDate?: string | undefined;
  readonly output?: Readonly<Record<string, unknown>> | undefined;
}

function tableOf(runs: readonly Run[], { output }: Context): string {
  if (runs.length === 0) return 'none';
  const rows = runs.map(({ executionArn, status, startDate, stopDate, output: summary }) => ({
    started: toSecond(startDate),
    took: stopDate === undefined ? '' : duration((Date.parse(stopDate) - Date.parse(startDate)) / 1000),
    status:
      status === 'SUCCEEDED' && summary?.['outage'] !== true
        ? output.colors.green(status)
        : output.colors.red(status),
    ...(summary && {
      summary: Object.entries(summary)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(', '),
    }),
    execution: executionArn,
  }));
  return output.table(rows);
}

async function lastRedrives({ stepFunctions, target }: Context): Promise<Run[]> {
  const stateMachineArn = target.need('redriveArn');
  const { executions = [] } = await stepFunctions.send(
    new ListExecutionsCommand({ stateMachineArn, maxResults: RUNS }),
  );
  return executions.map(({ executionArn = '', status = '', startDate = new Date(0), stopDate }) => ({
    executionArn,
    status,
    startDate: startDate.toISOString(),
    stopDate: stopDate?.toISOString(),
  }));
}

const localRuns = z.array(
  z.object({
    executionArn: z.string(),
    stateMachineArn: z.string(),
    status: z.string(),
    startDate: z.string(),
    stopDate: z.string().optional(),
    output: z.record(z.string(), z.unknown()).optional().catch(undefined),
  }),
);

/** Undefined on AWS, because Step Functions lists only Standard executions. */
async function lastProcessorRuns({ target }: Context): Promise<Run[] | undefined> {
  if (target.localUrl === undefined) return undefined;
  const processorArn = target.need('processorArn');
  const response = await fetch(`${target.localUrl}/_local/executions`);
  return localRuns
    .parse(await response.json())
    .filter(({ stateMachineArn }) => stateMachineArn === processorArn)
    .slice(0, RUNS)
    .map(({ stateMachineArn: _, ...run }) => run);
}

const consoleDomains: Readonly<Record<string, string>> = {
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

function consoleUrl(stateMachineArn: string): string {
  const [, partition = 'aws', , region] = stateMachineArn.split(':');
  const domain = consoleDomains[partition] ?? 'console.aws.amazon.com';
  return `https://${region}.${domain}/states/home?region=${region}#/statemachines/view/${stateMachineArn}`;
}
