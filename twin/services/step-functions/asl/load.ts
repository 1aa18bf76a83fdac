import { loadChoice } from './choice.ts';
import type { Definition } from './definition.ts';
import { loadFail } from './fail.ts';
import { type Fields, readFields } from './fields.ts';
import { checkGraph } from './graph.ts';
import { InvalidDefinition } from './invalid-definition.ts';
import { isObject } from './json.ts';
import { object, positiveInteger, text } from './kind.ts';
import { loadMap } from './map.ts';
import { loadPass } from './pass.ts';
import { checkScope, newScope } from './scope.ts';
import type { Flow, State } from './state.ts';
import { loadSucceed } from './succeed.ts';
import { loadTask } from './task.ts';
import { loadWait } from './wait.ts';

export interface StateMachine {
  readonly flow: Flow;
  readonly timeoutSeconds: number | undefined;
  /** Mistakes that Step Functions accepts: a name that nothing defines, half an expression. */
  readonly mistakes: readonly string[];
}

/** Reads an Amazon States Language definition; throws InvalidDefinition for everything that it would not run as Step Functions does. */
export function loadStateMachine(definition: string): StateMachine {
  const supported = ['Comment', 'QueryLanguage', 'StartAt', 'States', 'TimeoutSeconds', 'Version'];
  const fields = readFields(parse(definition), 'state machine', 'a state machine', supported, newScope());
  const language = fields.literal('QueryLanguage', text) ?? 'JSONPath';
  if (!languages.includes(language))
    throw fields.refuse(`"QueryLanguage" must be one of ${languages.join(', ')}, got "${language}"`);
  const version = fields.literal('Version', text) ?? '1.0';
  if (version !== '1.0') throw fields.refuse(`"Version" must be "1.0", got "${version}"`);
  const flow = loadFlow(fields, language);
  const timeoutSeconds = fields.literal('TimeoutSeconds', positiveInteger);
  return { flow, timeoutSeconds, mistakes: checkScope(fields.scope) };
}

const languages = ['JSONata', 'JSONPath'];

function parse(definition: string): unknown {
  const placeholder = /\$\{[\w.:-]+\}/.exec(definition)?.[0];
  if (placeholder !== undefined)
    throw new InvalidDefinition(
      `state machine: ${placeholder} is not substituted; add it to DefinitionSubstitutions`,
    );
  try {
    return JSON.parse(definition);
  } catch (cause) {
    throw new InvalidDefinition(`state machine: not JSON: ${(cause as Error).message}`, { cause });
  }
}

const loaders: Readonly<Record<string, (definition: Definition) => State>> = {
  Pass: loadPass,
  Task: loadTask,
  Choice: loadChoice,
  Map: (definition) => loadMap(definition, (fields) => loadFlow(fields, definition.language)),
  Wait: loadWait,
  Succeed: loadSucceed,
  Fail: loadFail,
};

/** StartAt with its States: of the machine, or of a Map's ItemProcessor. */
function loadFlow(fields: Fields, language: string): Flow {
  const startAt = fields.required('StartAt', text);
  const states = new Map<string, State>();
  for (const [name, json] of Object.entries(fields.required('States', object))) {
    if (!isObject(json))
      throw new InvalidDefinition(`state "${name}": expected an object, got ${JSON.stringify(json)}`);
    const type = String(json['Type']);
    const load = Object.hasOwn(loaders, type) ? loaders[type] : undefined;
    if (load === undefined)
      throw new InvalidDefinition(
        `state "${name}": unsupported "Type" "${type}"; supported: ${Object.keys(loaders).join(', ')}`,
      );
    states.set(name, load({ name, json, scope: fields.scope, language }));
  }
  const flow = { startAt, states };
  checkGraph(flow, fields);
  return flow;
}
