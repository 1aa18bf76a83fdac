import {
  type Definition,
  errorFields,
  exitFields,
  loadErrorHandling,
  loadExit,
  readState,
} from './definition.ts';
import { EvaluationError } from './evaluation-error.ts';
import type { Fields } from './fields.ts';
import { runIterations } from './iterations.ts';
import { anyJson, list, text, wholeNumber } from './kind.ts';
import { newScope } from './scope.ts';
import type { Flow, State, Visit } from './state.ts';

/** The maximum of concurrent iterations of an inline Map, even if MaxConcurrency is higher. */
const mostAtOnce = 40;

/** `loadFlow` reads a StartAt with its States. It is a parameter because those may contain another Map. */
export function loadMap(definition: Definition, loadFlow: (fields: Fields) => Flow): State {
  const own = ['Items', 'ItemSelector', 'MaxConcurrency', 'ItemProcessor'];
  const fields = readState(definition, [...exitFields, ...errorFields, ...own]);
  const exit = loadExit(fields);
  const items = fields.template('Items', list);
  const selector = fields.template('ItemSelector', anyJson);
  const concurrency = fields.template('MaxConcurrency', wholeNumber);
  const flow = loadFlow(readProcessor(fields));
  return {
    ...loadErrorHandling(fields),
    name: definition.name,
    type: 'Map',
    exits: [exit],
    async work(visit) {
      const { evaluate, branch } = visit;
      const found = items ? await evaluate(items) : listIn(visit);
      const atOnce = (concurrency && (await evaluate(concurrency))) || mostAtOnce;
      branch.trail.record('MapStateStarted', { mapStateStartedEventDetails: { length: found.length } });
      const result = await runIterations(visit, {
        flow,
        items: found,
        selector,
        atOnce: Math.min(atOnce, mostAtOnce),
      });
      branch.trail.note('MapStateSucceeded');
      return { exit, result };
    },
  };
}

function readProcessor(fields: Fields): Fields {
  const known = ['ProcessorConfig', 'StartAt', 'States', 'Comment'];
  const processor = fields.inside('ItemProcessor', known, newScope(fields.scope));
  if (processor.has('ProcessorConfig')) {
    const mode = processor.inside('ProcessorConfig', ['Mode']).literal('Mode', text) ?? 'INLINE';
    if (mode !== 'INLINE') throw fields.refuse(`"ProcessorConfig" supports Mode INLINE only, got "${mode}"`);
  }
  return processor;
}

/** Without Items the input is the list. */
function listIn({ input, failEvaluation }: Visit): readonly unknown[] {
  if (list.accepts(input)) return input;
  const cause = `Map state input must be an array but was: ${JSON.stringify(input)}`;
  throw failEvaluation(new EvaluationError(undefined, cause));
}
