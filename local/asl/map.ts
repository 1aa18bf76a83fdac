import { refuseOversized } from './data-limit.ts';
import {
  type Definition,
  errorFields,
  exitFields,
  loadErrorHandling,
  loadExit,
  readState,
} from './definition.ts';
import type { Fields } from './fields.ts';
import { runFlow } from './flow.ts';
import { interruptible } from './interruption.ts';
import { anyJson, list, text, wholeNumber } from './kind.ts';
import { newScope } from './scope.ts';
import type { Branch, Flow, State, Visit } from './state.ts';
import { compileTemplate, ofKind, type Template } from './template.ts';

/** Step Functions runs no more iterations of an inline Map at once, whatever MaxConcurrency says. */
const mostAtOnce = 40;

/** `loadFlow` reads a StartAt with its States: given, since those may hold another Map. */
export function loadMap(definition: Definition, loadFlow: (fields: Fields) => Flow): State {
  const own = ['Items', 'ItemSelector', 'MaxConcurrency', 'ItemProcessor'];
  const fields = readState(definition, [...exitFields, ...errorFields, ...own]);
  const exit = loadExit(fields);
  const items =
    fields.template('Items', list) ??
    ofKind(
      compileTemplate('{% $states.input %}', 'Items', () => {}),
      list,
    );
  const selector = fields.template('ItemSelector', anyJson);
  const concurrency = fields.template('MaxConcurrency', wholeNumber);
  const processor = fields.inside(
    'ItemProcessor',
    ['ProcessorConfig', 'StartAt', 'States', 'Comment'],
    newScope(fields.scope),
  );
  if (processor.has('ProcessorConfig')) {
    const mode = processor.inside('ProcessorConfig', ['Mode']).literal('Mode', text) ?? 'INLINE';
    if (mode !== 'INLINE') throw fields.refuse(`"ProcessorConfig" supports Mode INLINE only, got "${mode}"`);
  }
  const flow = loadFlow(processor);
  return {
    ...loadErrorHandling(fields),
    name: definition.name,
    type: 'Map',
    exits: [exit],
    async work(visit) {
      const { evaluate, branch } = visit;
      const found = await evaluate(items);
      const atOnce = (concurrency && (await evaluate(concurrency))) || mostAtOnce;
      branch.trail.record('MapStateStarted', { mapStateStartedEventDetails: { length: found.length } });
      const iterate = (index: number, signal: AbortSignal): Promise<unknown> =>
        runIteration(flow, visit, { item: found[index], index, selector, signal });
      try {
        const result = await runAll(found.length, Math.min(atOnce, mostAtOnce), iterate, branch.signal);
        branch.trail.record('MapStateSucceeded');
        return { exit, result };
      } catch (thrown) {
        if (!branch.signal.aborted) branch.trail.record('MapStateFailed');
        throw thrown;
      }
    },
  };
}

/** All iterations in order of their index, some at once; the first failure stops the others and is thrown when they rest. */
async function runAll(
  length: number,
  atOnce: number,
  iterate: (index: number, signal: AbortSignal) => Promise<unknown>,
  parent: AbortSignal,
): Promise<unknown[]> {
  const together = interruptible(parent);
  const results = new Array<unknown>(length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < length && !together.signal.aborted) {
      const index = next++;
      results[index] = await iterate(index, together.signal);
    }
  };
  const stopOthers = (failure: unknown): void => together.abort(failure);
  await Promise.all(Array.from({ length: Math.min(atOnce, length) }, () => worker().catch(stopOthers)));
  together.release();
  together.signal.throwIfAborted();
  return results;
}

interface Iteration {
  readonly item: unknown;
  readonly index: number;
  readonly selector: Template | undefined;
  readonly signal: AbortSignal;
}

async function runIteration(
  flow: Flow,
  map: Visit,
  { item, index, selector, signal }: Iteration,
): Promise<unknown> {
  const context = { ...map.context, Map: { Item: { Index: index, Value: item } } };
  const input = selector ? await map.evaluate(selector, { context }) : item;
  refuseOversized(input, map.name);
  const branch: Branch = { ...map.branch, context, signal, trail: map.branch.trail.branch() };
  const details = { name: map.name, index };
  branch.trail.record('MapIterationStarted', { mapIterationStartedEventDetails: details });
  try {
    const output = await runFlow(flow, { state: flow.startAt, input, variables: map.variables }, branch);
    branch.trail.record('MapIterationSucceeded', { mapIterationSucceededEventDetails: details });
    return output;
  } catch (thrown) {
    if (signal.aborted)
      branch.trail.record('MapIterationAborted', { mapIterationAbortedEventDetails: details });
    else branch.trail.record('MapIterationFailed', { mapIterationFailedEventDetails: details });
    throw thrown;
  }
}
