import { refuseOversized, refuseOversizedResult } from './data-limit.ts';
import {
  type Definition,
  errorFields,
  exitFields,
  loadErrorHandling,
  loadExit,
  readState,
} from './definition.ts';
import { interruptible, interruptibleAfter, unlessAborted } from './interruption.ts';
import { anyJson, positiveInteger, text } from './kind.ts';
import type { Branch, State, Visit, Work } from './state.ts';
import { partsOf, StateError } from './state-error.ts';

export function loadTask(definition: Definition): State {
  const { name } = definition;
  const fields = readState(definition, [
    ...exitFields,
    ...errorFields,
    'Resource',
    'Arguments',
    'TimeoutSeconds',
  ]);
  const exit = loadExit(fields);
  const resource = fields.required('Resource', text);
  if (!resource.startsWith('arn:')) throw fields.refuse(`"Resource" must be an ARN, got "${resource}"`);
  const args = fields.template('Arguments', anyJson);
  const timeout = fields.template('TimeoutSeconds', positiveInteger);
  const service = integration(resource);
  const task: State = {
    ...loadErrorHandling(fields),
    name,
    type: 'Task',
    exits: [exit],
    async work({ input, evaluate, branch }) {
      const { trail } = branch;
      const parameters = args ? await evaluate(args) : input;
      refuseOversized(parameters, name);
      const timeoutInSeconds = timeout && (await evaluate(timeout));
      trail.record('TaskScheduled', {
        taskScheduledEventDetails: { ...service, parameters, ...(timeoutInSeconds && { timeoutInSeconds }) },
      });
      trail.record('TaskStarted', { taskStartedEventDetails: service });
      try {
        const result = await perform(resource, parameters, timeoutInSeconds, branch);
        refuseOversizedResult(result, service.resourceType);
        trail.record('TaskSucceeded', { taskSucceededEventDetails: { ...service, output: result } });
        return { exit, result };
      } catch (thrown) {
        if (branch.signal.aborted) throw branch.signal.reason;
        const failure = asStateError(thrown);
        const details = { ...service, ...partsOf(failure) };
        if (failure instanceof TaskTimedOut)
          trail.record('TaskTimedOut', { taskTimedOutEventDetails: details });
        else trail.record('TaskFailed', { taskFailedEventDetails: details });
        throw failure;
      }
    },
  };
  return { ...task, work: (visit) => inTurn(resource, visit, task.work) };
}

/** Waiting for its turn counts against the execution's timeout only. */
async function inTurn(resource: string, visit: Visit, work: State['work']): Promise<Work> {
  const { turn, signal } = visit.branch;
  const end = await turn?.(resource, signal);
  try {
    return await work(visit);
  } finally {
    end?.();
  }
}

class TaskTimedOut extends StateError {}

async function perform(
  resource: string,
  args: unknown,
  seconds: number | undefined,
  branch: Branch,
): Promise<unknown> {
  const late = (): StateError => new TaskTimedOut('States.Timeout');
  const attempt = seconds
    ? interruptibleAfter(seconds * 1_000, branch.signal, branch.clock, late)
    : interruptible(branch.signal);
  try {
    const result = await unlessAborted(attempt.signal, branch.invoke(resource, args, attempt.signal));
    return result === undefined ? null : result;
  } finally {
    attempt.release();
  }
}

/** Any other error is a defect of the twin, and no definition may catch it. */
function asStateError(thrown: unknown): StateError {
  return thrown instanceof StateError ? thrown : new StateError('States.Runtime', String(thrown));
}

/** arn:aws:states:::lambda:invoke is resource "invoke" of type "lambda"; a function's own ARN is invoked as it is. */
function integration(arn: string): { readonly resourceType: string; readonly resource: string } {
  const [, , service = '', , , ...rest] = arn.split(':');
  if (service !== 'states') return { resourceType: service, resource: arn };
  return { resourceType: rest.slice(0, -1).join(':'), resource: String(rest.at(-1)) };
}
