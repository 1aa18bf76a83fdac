import {
  DescribeExecutionCommand,
  type ExecutionListItem,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import type { RunSummary } from '../api.ts';
import type { LogLine } from './log-lines.ts';

const MOST_PAGES = 10;

/** Standard runs that began since then, newest first. */
export async function listStandardRuns(
  stepFunctions: SFNClient,
  stateMachineArn: string,
  since: number,
): Promise<readonly RunSummary[]> {
  const runs: RunSummary[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await stepFunctions.send(
      new ListExecutionsCommand({ stateMachineArn, maxResults: 100, nextToken }),
    );
    const listed = answer.executions ?? [];
    const wanted = listed.filter(({ startDate }) => (startDate?.getTime() ?? 0) >= since);
    runs.push(...wanted.map(summarize));
    nextToken = answer.nextToken;
    if (nextToken === undefined || wanted.length < listed.length) break;
  }
  return runs;
}

function summarize({
  executionArn = '',
  stateMachineArn = '',
  name = '',
  status = 'RUNNING',
  startDate = new Date(0),
  stopDate,
}: Partial<ExecutionListItem>): RunSummary {
  return {
    arn: executionArn,
    machineArn: stateMachineArn,
    name,
    status,
    startedAt: startDate.toISOString(),
    stoppedAt: stopDate?.toISOString() ?? null,
  };
}

export async function describeStandardRun(
  stepFunctions: SFNClient,
  executionArn: string,
): Promise<RunSummary & { readonly input?: string }> {
  const { input, output, error, cause, ...described } = await stepFunctions.send(
    new DescribeExecutionCommand({ executionArn }),
  );
  return {
    ...summarize(described as Partial<ExecutionListItem>),
    ...(input !== undefined && { input }),
    ...(output !== undefined && { output: JSON.parse(output) as unknown }),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
    ...(input !== undefined && /"dryRun"\s*:\s*true/.test(input) && { dryRun: true as const }),
  };
}

/** Its whole history, in the form of the lines that an Express run leaves. */
export async function readStandardHistory(
  stepFunctions: SFNClient,
  executionArn: string,
  includeExecutionData: boolean,
): Promise<readonly LogLine[]> {
  const lines: LogLine[] = [];
  let nextToken: string | undefined;
  do {
    const answer = await stepFunctions.send(
      new GetExecutionHistoryCommand({ executionArn, includeExecutionData, maxResults: 1_000, nextToken }),
    );
    lines.push(...(answer.events ?? []).map((event) => toLine(executionArn, event)));
    nextToken = answer.nextToken;
  } while (nextToken !== undefined);
  return lines;
}

function toLine(
  executionArn: string,
  { id = 0, previousEventId = 0, type = 'TaskFailed', timestamp, ...rest }: HistoryEvent,
): LogLine {
  const [, details = {}] = Object.entries(rest).find(([key]) => key.endsWith('EventDetails')) ?? [];
  return {
    id,
    previousEventId,
    type,
    at: timestamp?.getTime() ?? 0,
    executionArn,
    details: details as object as LogLine['details'],
  };
}
