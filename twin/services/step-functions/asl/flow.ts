import { refuseOversized } from './data-limit.ts';
import { EvaluationError } from './evaluation-error.ts';
import { unlessAborted } from './interruption.ts';
import type { Json } from './json.ts';
import type { StatesVariable } from './jsonata.ts';
import { matches } from './matches.ts';
import { countRetries } from './retry.ts';
import type { Branch, Exit, Flow, ResumePoint, State, Visit } from './state.ts';
import { errorOutputOf, StateError } from './state-error.ts';
import { formatTimestamp } from './timestamp.ts';

/** Runs states from `start` to an end and returns the last output; `reached` is called for each state that is entered. */
export async function runFlow(
  flow: Flow,
  start: ResumePoint,
  branch: Branch,
  reached: (point: ResumePoint) => void,
): Promise<unknown> {
  for (let point = start; ; ) {
    branch.signal.throwIfAborted();
    reached(point);
    const state = flow.states.get(point.state);
    if (state === undefined) throw new Error(`the state machine has no state "${point.state}" to go on from`);
    const left = await runState(state, point, branch);
    if (left.next === undefined) return left.output;
    point = { state: left.next, input: left.output, variables: left.variables };
  }
}

interface Left {
  readonly next: string | undefined;
  readonly output: unknown;
  readonly variables: Json;
}

/** The position of a visit in the history. */
interface Entry {
  readonly eventId: number;
  /** The event before it. */
  readonly after: number;
}

async function runState(state: State, point: ResumePoint, branch: Branch): Promise<Left> {
  const { trail, clock, signal } = branch;
  const entered = { Name: state.name, EnteredTime: formatTimestamp(clock.now()) };
  const after = trail.latest;
  const eventId = trail.record(`${state.type}StateEntered`, {
    stateEnteredEventDetails: { name: state.name, input: point.input },
  });
  const retries = countRetries(state.retry, branch.random);
  const canRetry = state.type === 'Task' || state.type === 'Map';
  for (let retryCount = 0; ; retryCount++) {
    const context = {
      ...branch.context,
      State: canRetry ? { ...entered, RetryCount: retryCount } : entered,
    };
    const visit = openVisit(state, point, { ...branch, context }, { eventId, after });
    let worked = false;
    try {
      const { exit, result } = await state.work(visit);
      worked = true;
      return await (result === undefined
        ? leave(state, exit, visit, {}, point.input)
        : leave(state, exit, visit, { result }, result));
    } catch (thrown) {
      // An interruption is not an error of the definition: Retry and Catch must not handle it.
      if (signal.aborted) throw signal.reason;
      if (!(thrown instanceof StateError)) throw thrown;
      const delay = retries.next(thrown);
      if (delay === undefined) {
        if (state.type === 'Map' && !worked) trail.record('MapStateFailed');
        return await caught(state, thrown, visit);
      }
      await unlessAborted(signal, clock.sleep(delay, signal));
    }
  }
}

async function caught(state: State, failure: StateError, visit: Visit): Promise<Left> {
  const catcher = state.catch.find(({ errorEquals }) => matches(errorEquals, failure));
  if (catcher === undefined) throw failure;
  const errorOutput = errorOutputOf(failure);
  return leave(state, catcher, visit, { errorOutput }, errorOutput);
}

/** Assign and Output both see the variables as they were at the state's entry. */
async function leave(
  state: State,
  exit: Exit,
  visit: Visit,
  sees: Partial<StatesVariable>,
  byDefault: unknown,
): Promise<Left> {
  const assigned = exit.assign && (await visit.evaluate(exit.assign, sees));
  if (assigned) refuseOversized(assigned, state.name);
  const output = exit.output ? await visit.evaluate(exit.output, sees) : byDefault;
  refuseOversized(output, state.name);
  // A Fail state is never exited, and its work() never returns.
  if (state.type !== 'Fail')
    visit.branch.trail.record(`${state.type}StateExited`, {
      stateExitedEventDetails: { name: state.name, output, ...(assigned && { assignedVariables: assigned }) },
    });
  return {
    next: exit.next,
    output,
    variables: assigned ? { ...visit.variables, ...assigned } : visit.variables,
  };
}

function openVisit(state: State, { input, variables }: ResumePoint, branch: Branch, entry: Entry): Visit {
  const { context, functions } = branch;
  const failEvaluation = (failure: EvaluationError): StateError =>
    recordFailure(failure, state, branch, entry);
  return {
    name: state.name,
    input,
    variables,
    context,
    branch,
    async evaluate(template, sees) {
      if (template.constant !== undefined) return template.constant;
      try {
        return await template.evaluate({ states: { input, context, ...sees }, variables, functions });
      } catch (thrown) {
        throw thrown instanceof EvaluationError ? failEvaluation(thrown) : thrown;
      }
    },
    failEvaluation,
  };
}

function recordFailure(
  { error, errorCause, location }: EvaluationError,
  { name }: State,
  { trail }: Branch,
  { eventId, after }: Entry,
): StateError {
  const cause = `An error occurred while executing the state '${name}' (entered at the event id #${eventId}). ${errorCause}`;
  // If nothing has happened since the state was entered, the next event follows the one before its entry.
  if (trail.latest === eventId) trail.continueAfter(after);
  trail.record('EvaluationFailed', {
    evaluationFailedEventDetails: { state: name, ...(location !== undefined && { location }), error, cause },
  });
  return new StateError(error, cause);
}
