import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import type { Context } from './context.ts';
import { NotObservable } from './scenario.ts';

/** An Express execution, read from its log group. */
export interface LoggedRun {
  /** The types of its events in order. */
  readonly types: readonly string[];
  /** The states that it entered, in order. */
  readonly states: readonly string[];
}

const logLine = z.object({
  id: z.coerce.number(),
  type: z.string(),
  details: z.object({ name: z.string().optional() }).optional(),
});

// A log group may contain the runs of a month.
const LOOK_BACK_MS = 15 * 60_000;

const isEnd = (type: string) => /^Execution(Succeeded|Failed|TimedOut|Aborted)$/.test(type);

/** Waits until the end of a run is in the log, where it appears with a delay. */
export async function readRun(context: Context, executionArn: string): Promise<LoggedRun> {
  await refuseWithoutHistory(context);
  const { logs, historyLogGroup: logGroupName, note } = context;
  const startedAt = Date.now();
  const startTime = startedAt - LOOK_BACK_MS;
  const filterPattern = `{ $.execution_arn = "${executionArn}" }`;
  const events = await context.until(async () => {
    // By id, because a line may be delivered twice.
    const byId = new Map<number, z.infer<typeof logLine>>();
    let nextToken: string | undefined;
    do {
      const page = await logs.send(
        new FilterLogEventsCommand({ logGroupName, filterPattern, startTime, nextToken }),
      );
      for (const { message = '' } of page.events ?? []) {
        const event = logLine.parse(JSON.parse(message));
        byId.set(event.id, event);
      }
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    const found = [...byId.values()].sort((one, other) => one.id - other.id);
    // Lines may become visible in any order: a history is complete when it has an end and no gap.
    const last = found.at(-1);
    return last !== undefined && isEnd(last.type) && found.length === last.id ? found : undefined;
  });
  note(`its history was in the log ${((Date.now() - startedAt) / 1000).toFixed(1)} s after its end`);
  return {
    types: events.map(({ type }) => type),
    states: events.flatMap(({ type, details }) =>
      type.endsWith('StateEntered') && details?.name !== undefined ? [details.name] : [],
    ),
  };
}

/** The twin has no such setting and logs what the template says, which is everything. */
async function refuseWithoutHistory({ stepFunctions, target }: Context): Promise<void> {
  const stateMachineArn = target.need('processorArn');
  const answer = await stepFunctions.send(new DescribeStateMachineCommand({ stateMachineArn }));
  const level = answer.loggingConfiguration?.level;
  if (level !== undefined && level !== 'ALL')
    throw new NotObservable(`runs are logged at level ${level}: deploy with outbox:executionHistory=all`);
}

const arrows = z.object({ Next: z.string().optional() });
const stateMachine = z.object({
  StartAt: z.string(),
  States: z.record(
    z.string(),
    arrows.extend({
      Default: z.string().optional(),
      Choices: z.array(arrows).default([]),
      Catch: z.array(arrows).default([]),
    }),
  ),
});

/** The steps of a run that have no transition in its definition. States inside a Map are left out. */
export async function strayStepsOf({ stepFunctions, target }: Context, run: LoggedRun): Promise<string[]> {
  const stateMachineArn = target.need('processorArn');
  const { definition = '{}' } = await stepFunctions.send(
    new DescribeStateMachineCommand({ stateMachineArn }),
  );
  const { StartAt, States } = stateMachine.parse(JSON.parse(definition));
  const steps = run.states.filter((name) => name in States);
  return steps
    .map((name, index) => [steps[index - 1], name] as const)
    .filter(([from, to]) => {
      if (from === undefined) return to !== StartAt;
      const { Next, Default, Choices = [], Catch = [] } = States[from] ?? {};
      return ![Next, Default, ...[...Choices, ...Catch].map((arrow) => arrow.Next)].includes(to);
    })
    .map(([from = 'nothing', to]) => `${from} > ${to}`);
}
