import { refuseOversized } from './data-limit.ts';
import type { StatesVariable } from './expression.ts';
import { unlessAborted } from './interruption.ts';
import type { Json } from './json.ts';
import { countRetries } from './retry.ts';
import type { Branch, Exit, Flow, ResumePoint, State, Visit } from './state.ts';
import { matches, StateError } from './state-error.ts';
import { EvaluationError } from './template.ts';

/** Runs states from `start` to an end and answers with the last output; `reached` hears of each state entered. */
export async function runFlow(
  flow: Flow,
  start: ResumePoint,
  branch: Branch,
  reached?: (point: ResumePoint) => void,
): Promise<unknown> {
  for (let point = start; ; ) {
    branch.signal.throwIfAborted();
    reached?.(point);
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

async function runState(state: State, point: ResumePoint, branch: Branch): Promise<Left> {
  const { trail, clock, signal } = branch;
  const enteredTime = new Date(clock.now()).toISOString();
  const enteredEventId = trail.record(`${state.type}StateEntered`, {
    stateEnteredEventDetails: { name: state.name, input: point.input },
  });
  const retries = countRetries(state.retry, branch.random);
  for (let retryCount = 0; ; retryCount++) {
    const context = {
      ...branch.context,
      State: { Name: state.name, EnteredTime: enteredTime, RetryCount: retryCount },
    };
    const visit = openVisit(state, point, { ...branch, context }, enteredEventId);
    try {
      const { exit, result } = await state.work(visit);
      return await (result === undefined
        ? leave(state, exit, visit, {}, point.input)
        : leave(state, exit, visit, { result }, result));
    } catch (thrown) {
      // An interruption is nobody's error: neither Retry nor Catch may hold it up.
      if (signal.aborted) throw signal.reason;
      if (!(thrown instanceof StateError)) throw thrown;
      const delay = retries.next(thrown);
      if (delay === undefined) return await caught(state, thrown, visit);
      await unlessAborted(signal, clock.sleep(delay, signal));
    }
  }
}

async function caught(state: State, failure: StateError, visit: Visit): Promise<Left> {
  const catcher = state.catch.find(({ errorEquals }) => matches(errorEquals, failure.error));
  if (catcher === undefined) throw failure;
  const { error, errorCause } = failure;
  const errorOutput = errorCause === undefined ? { Error: error } : { Error: error, Cause: errorCause };
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
  // A Fail has no exit, and work() of a Fail never returns.
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

function openVisit(
  state: State,
  { input, variables }: ResumePoint,
  branch: Branch,
  enteredEventId: number,
): Visit {
  const { context, functions, trail } = branch;
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
        if (!(thrown instanceof EvaluationError)) throw thrown;
        const cause = `An error occurred while executing the state '${state.name}' (entered at the event id #${enteredEventId}). ${thrown.errorCause}`;
        const { error, location } = thrown;
        trail.record('EvaluationFailed', {
          evaluationFailedEventDetails: { state: state.name, location, error, cause },
        });
        throw new StateError(error, cause);
      }
    },
  };
}
