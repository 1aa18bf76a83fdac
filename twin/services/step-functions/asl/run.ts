import { refuseOversized } from './data-limit.ts';
import { runFlow } from './flow.ts';
import { runFunctions } from './functions.ts';
import { type HistoryEvent, openHistory, type Trail } from './history.ts';
import { type Clock, interruptible, interruptibleAfter } from './interruption.ts';
import { isObject, type Json } from './json.ts';
import type { StateMachine } from './load.ts';
import type { ResumePoint, TaskInvoker, TaskTurn } from './state.ts';
import { partsOf, StateError } from './state-error.ts';

export type { Clock, HistoryEvent, ResumePoint, TaskInvoker };

/** Everything that an execution gets from outside. */
export interface Execution {
  readonly input: unknown;
  /** $states.context without State and Map, which are added here. */
  readonly context: Json;
  readonly invoke: TaskInvoker;
  /** Waits until a Task may begin; without it Tasks begin at once. */
  readonly turn?: TaskTurn;
  readonly clock: Clock;
  /** From 0 to 1: for jitter and $random(). */
  readonly random: () => number;
  readonly record: (event: HistoryEvent) => void;
  /** Aborted by StopExecution. */
  readonly signal: AbortSignal;
  /** Redrive: begin at this state, with its input and variables. */
  readonly resumeFrom?: ResumePoint;
  /** Redrive: the id after which the history goes on. */
  readonly lastEventId?: number;
}

export type Outcome =
  | { readonly status: 'SUCCEEDED'; readonly output: unknown }
  | {
      readonly status: 'FAILED';
      readonly error?: string;
      readonly cause?: string;
      readonly failedAt?: ResumePoint;
    }
  | { readonly status: 'TIMED_OUT' | 'ABORTED'; readonly failedAt?: ResumePoint };

export async function runStateMachine(machine: StateMachine, execution: Execution): Promise<Outcome> {
  const { input, context, clock, resumeFrom } = execution;
  const trail = openHistory(execution.record, clock, execution.lastEventId);
  const { RoleArn: roleArn, RedriveCount: redriveCount } = isObject(context['Execution'])
    ? context['Execution']
    : {};
  if (resumeFrom) trail.record('ExecutionRedriven', { executionRedrivenEventDetails: { redriveCount } });
  // The first state has no previous event, like ExecutionStarted itself.
  else trail.note('ExecutionStarted', { executionStartedEventDetails: { input, roleArn } });
  const whole = machine.timeoutSeconds
    ? interruptibleAfter(
        machine.timeoutSeconds * 1_000,
        execution.signal,
        clock,
        () => new Error('the execution timed out'),
      )
    : interruptible(execution.signal);
  let failedAt: ResumePoint | undefined;
  try {
    refuseOversized(input, machine.flow.startAt);
    const branch = {
      ...execution,
      functions: runFunctions(clock, execution.random),
      trail,
      signal: whole.signal,
    };
    const start = resumeFrom ?? { state: machine.flow.startAt, input, variables: {} };
    const output = await runFlow(machine.flow, start, branch, (point) => {
      failedAt = point;
    });
    trail.record('ExecutionSucceeded', { executionSucceededEventDetails: { output } });
    return { status: 'SUCCEEDED', output };
  } catch (thrown) {
    if (whole.signal.aborted) return { status: interrupted(execution.signal, trail), failedAt };
    if (!(thrown instanceof StateError)) throw thrown;
    trail.record('ExecutionFailed', { executionFailedEventDetails: partsOf(thrown) });
    return { status: 'FAILED', ...partsOf(thrown), failedAt };
  } finally {
    whole.release();
  }
}

function interrupted(stopped: AbortSignal, trail: Trail): 'ABORTED' | 'TIMED_OUT' {
  if (!stopped.aborted) {
    trail.record('ExecutionTimedOut');
    return 'TIMED_OUT';
  }
  // The event has no previous event.
  trail.continueAfter(0);
  trail.record('ExecutionAborted');
  return 'ABORTED';
}
