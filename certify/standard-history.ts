import { GetExecutionHistoryCommand, type HistoryEvent } from '@aws-sdk/client-sfn';
import type { Context } from './context.ts';

const isEnd = ({ type }: HistoryEvent) => /^Execution(Succeeded|Failed|Aborted|TimedOut)$/.test(type ?? '');

export const untilEnded = (context: Context, executionArn: string) =>
  untilHistory(context, executionArn, (history) => history.some(isEnd));

/** Waits for an event in the history of a Standard execution, or for the end of the execution. */
export const untilHistory = (
  { stepFunctions, until }: Context,
  executionArn: string,
  isThere: (history: readonly HistoryEvent[]) => boolean,
) =>
  until(async () => {
    const { events: history = [] } = await stepFunctions.send(
      new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }),
    );
    return isThere(history) || history.some(isEnd) ? history : undefined;
  });

/** The states that it entered, in order. */
export const pathOf = (history: readonly HistoryEvent[]) =>
  history.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);

export const time = (event?: HistoryEvent): number => event?.timestamp?.getTime() ?? 0;
