import { refuseOversized } from './data-limit.ts';
import { runFlow } from './flow.ts';
import type { Trail } from './history.ts';
import { interruptible } from './interruption.ts';
import type { Flow, StateType, Visit } from './state.ts';
import type { Template } from './template.ts';

export interface Iterations {
  readonly flow: Flow;
  readonly items: readonly unknown[];
  readonly selector: Template | undefined;
  readonly atOnce: number;
}

/** Runs the iterations in the order of their index, several at a time. The first failure stops the others and is thrown when they have ended. */
export async function runIterations(map: Visit, iterations: Iterations): Promise<unknown[]> {
  const { items, atOnce } = iterations;
  const { trail, signal } = map.branch;
  const together = interruptible(signal);
  const results = new Array<unknown>(items.length);
  let next = 0;
  let lastSucceeded = trail.latest;
  const worker = async (): Promise<void> => {
    // In the history, the next iteration that takes this place continues after this one.
    const line = trail.branch();
    try {
      while (next < items.length && !together.signal.aborted) {
        const index = next++;
        results[index] = await runIteration(map, iterations, { index, line, signal: together.signal });
        const mapIterationSucceededEventDetails = { name: map.name, index };
        const id = line.note('MapIterationSucceeded', { mapIterationSucceededEventDetails });
        lastSucceeded = Math.max(lastSucceeded, id);
      }
    } catch (failure) {
      if (together.signal.aborted) return;
      // The later of the two: an ItemSelector fails in the Map's own chain.
      trail.continueAfter(Math.max(trail.latest, line.latest));
      together.abort(failure);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  together.release();
  together.signal.throwIfAborted();
  trail.continueAfter(lastSucceeded);
  return results;
}

interface Iteration {
  readonly index: number;
  /** The chain of events that the iteration continues. */
  readonly line: Trail;
  readonly signal: AbortSignal;
}

async function runIteration(
  map: Visit,
  { flow, items, selector }: Iterations,
  { index, line, signal }: Iteration,
): Promise<unknown> {
  const item = items[index];
  const context = { ...map.context, Map: { Item: { Index: index, Value: item } } };
  const input = selector ? await map.evaluate(selector, { context }) : item;
  refuseOversized(input, map.name);
  const details = { name: map.name, index };
  line.record('MapIterationStarted', { mapIterationStartedEventDetails: details });
  // Step Functions starts all that run at once before it enters a state of the first.
  await undefined;
  let open: StateType | undefined;
  try {
    const start = { state: flow.startAt, input, variables: map.variables };
    return await runFlow(flow, start, { ...map.branch, context, signal, trail: line }, ({ state }) => {
      open = flow.states.get(state)?.type;
    });
  } catch (thrown) {
    if (signal.aborted) {
      // Stopped by another iteration, or from outside like the whole Map.
      if (!map.branch.signal.aborted) line.continueAfter(map.branch.trail.latest);
      line.note('MapIterationAborted', { mapIterationAbortedEventDetails: details });
    } else line.note('MapIterationFailed', { mapIterationFailedEventDetails: details });
    noteAborted(open, signal.aborted, line);
    throw thrown;
  }
}

/** A state that was entered and not exited is aborted with its iteration, also the Task whose failure ends it. */
function noteAborted(open: StateType | undefined, stopped: boolean, line: Trail): void {
  if (open === 'Task' || open === 'Wait') line.note(`${open}StateAborted`);
  else if (open === 'Map' && stopped) line.note('MapStateAborted');
}
