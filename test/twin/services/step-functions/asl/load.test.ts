import { describe, expect, test } from '@jest/globals';
import { loadStateMachine } from '../../../../../twin/services/step-functions/asl/load.ts';
import { machine } from './simulation.ts';

const resource = 'arn:aws:states:::lambda:invoke';
const only = (state: object): string => machine({ Only: { End: true, ...state } });
const task = (more: object): string => only({ Type: 'Task', Resource: resource, ...more });
const retry = (...retriers: object[]): string => task({ Retry: retriers });
const all = { ErrorEquals: ['States.ALL'] };
const end = { Type: 'Pass', End: true };
const map = (states: Record<string, object>, more: object = {}): object => ({
  Type: 'Map',
  ItemProcessor: { StartAt: Object.keys(states)[0], States: states, ...more },
  End: true,
});

const rows: readonly (readonly [fact: string, definition: string, message: RegExp])[] = [
  ['text that is not JSON', '{', /not JSON/],
  [
    'a state for which neither it nor the machine says JSONata',
    JSON.stringify({ StartAt: 'A', States: { A: end } }),
    /state "A": "QueryLanguage" must be "JSONata".* got "JSONPath"/,
  ],
  [
    'a query language that does not exist',
    machine({ A: end }, { QueryLanguage: 'XPath' }),
    /"QueryLanguage" must be one of JSONata, JSONPath, got "XPath"/,
  ],
  [
    'a state in a Map without a query language when the machine has none either',
    JSON.stringify({ StartAt: 'A', States: { A: { ...map({ B: end }), QueryLanguage: 'JSONata' } } }),
    /state "B": "QueryLanguage" must be "JSONata"/,
  ],
  [
    'a JSONPath state',
    only({ Type: 'Pass', QueryLanguage: 'JSONPath' }),
    /state "Only": "QueryLanguage" must be "JSONata".* got "JSONPath"/,
  ],
  [
    'an unknown top-level field',
    machine({ A: end }, { Timeout: 1 }),
    /unsupported field "Timeout"; supported for a state machine: Comment/,
  ],
  [
    'an unknown field',
    task({ HeartbeatSeconds: 1 }),
    /state "Only": unsupported field "HeartbeatSeconds"; supported for Task: /,
  ],
  [
    'a JSONPath field',
    only({ Type: 'Pass', ResultPath: '$' }),
    /"ResultPath" \(it belongs to JSONPath, only JSONata is supported\)/,
  ],
  ['Parallel', only({ Type: 'Parallel' }), /state "Only": unsupported "Type" "Parallel"; supported: Pass/],
  [
    'a Distributed Map',
    machine({ A: map({ B: end }, { ProcessorConfig: { Mode: 'DISTRIBUTED' } }) }),
    /INLINE only, got "DISTRIBUTED"/,
  ],
  [
    'Assign on Succeed',
    machine({ A: { Type: 'Succeed', Assign: { a: 1 } } }),
    /unsupported field "Assign"; supported for Succeed/,
  ],
  [
    'a placeholder that was not replaced',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's syntax, not TypeScript's
    task({ Arguments: { FunctionName: '${FetchBatchArn}' } }),
    /\$\{FetchBatchArn\} is not substituted/,
  ],
  ['an unknown StartAt', machine({ A: end }, { StartAt: 'B' }), /"StartAt" names "B"/],
  ['an unknown Next', machine({ A: { Type: 'Pass', Next: 'B' } }), /state "A": leads to "B"/],
  [
    'an unknown Default',
    machine({ A: { Type: 'Choice', Choices: [{ Condition: true, Next: 'B' }], Default: 'C' }, B: end }),
    /leads to "C"/,
  ],
  ['an unknown Next of a Catch', task({ Catch: [{ ...all, Next: 'C' }] }), /leads to "C"/],
  [
    'a Next that leaves a Map',
    machine({ A: map({ B: { Type: 'Pass', Next: 'A' } }) }),
    /state "B": leads to "A", which is none of the states beside it/,
  ],
  ['an unreachable state', machine({ A: end, B: end }), /state "B": cannot be reached from "A"/],
  ['a machine without a terminal state', machine({ A: { Type: 'Pass', Next: 'A' } }), /no state ends it/],
  [
    'a state with neither Next nor End',
    machine({ A: { Type: 'Pass' } }),
    /needs either "Next" or "End": true/,
  ],
  [
    'a state with both Next and End',
    machine({ A: { Type: 'Pass', Next: 'B', End: true }, B: end }),
    /needs either "Next" or "End": true/,
  ],
  ['a state name of 81 characters', machine({ ['x'.repeat(81)]: end }), /80 characters, this one has 81/],
  ['a Task without Resource', only({ Type: 'Task' }), /"Resource" is missing/],
  [
    'a Resource that is no ARN',
    only({ Type: 'Task', Resource: 'fetch-batch' }),
    /"Resource" must be an ARN, got "fetch-batch"/,
  ],
  [
    'a TimeoutSeconds of 0',
    task({ TimeoutSeconds: 0 }),
    /"TimeoutSeconds" must be a positive integer, got 0/,
  ],
  [
    'a Choice without rules',
    machine({ A: { Type: 'Choice', Choices: [], Default: 'B' }, B: end }),
    /"Choices" must hold at least one rule/,
  ],
  ['a Wait without a time', only({ Type: 'Wait' }), /needs either "Seconds" or "Timestamp"/],
  [
    'a Wait with a malformed Timestamp',
    only({ Type: 'Wait', Timestamp: 'tomorrow' }),
    /"Timestamp" must be a timestamp such as/,
  ],
  [
    'States.ALL together with another error',
    retry({ ErrorEquals: ['States.ALL', 'Oops'] }),
    /Retry\/0: "States.ALL" must stand alone/,
  ],
  [
    'States.ALL before the last retrier',
    retry(all, { ErrorEquals: ['Oops'] }),
    /Retry\/0: "States.ALL".*last/,
  ],
  ['a retrier without ErrorEquals', retry({}), /state "Only": Retry\/0: "ErrorEquals" is missing/],
  ['a BackoffRate below 1', retry({ ...all, BackoffRate: 0.5 }), /"BackoffRate" must be at least 1, got 0.5/],
  [
    'a MaxDelaySeconds that is not larger than the interval',
    retry({ ...all, IntervalSeconds: 5, MaxDelaySeconds: 5 }),
    /must exceed "IntervalSeconds" \(5\), got 5/,
  ],
  ['an unknown JitterStrategy', retry({ ...all, JitterStrategy: 'SOME' }), /FULL or NONE, got "SOME"/],
  [
    'an unknown field of a retrier',
    retry({ ...all, Backoff: 2 }),
    /unsupported field "Backoff"; supported for Task's Retry/,
  ],
  [
    'a JSONata syntax error',
    only({ Type: 'Pass', Output: { a: '{% 1 + %}' } }),
    /state "Only": "Output": S\d+/,
  ],
  ['$eval', only({ Type: 'Pass', Output: "{% $eval('1') %}" }), /refuses \$eval; use \$parse/],
  [
    'an iteration that assigns an outer variable',
    machine({ A: { ...map({ B: { ...end, Assign: { n: 1 } } }), Assign: { n: 2 } } }),
    /state "B": "Assign": variable "n" is assigned outside/,
  ],
  [
    'a variable called states',
    only({ Type: 'Pass', Assign: { states: 1 } }),
    /"states" cannot be a variable/,
  ],
];

describe('refused definitions', () => {
  test.each(rows)('loading refuses %s', (_fact, definition, message) => {
    expect(() => loadStateMachine(definition)).toThrow(
      expect.objectContaining({ name: 'InvalidDefinition', message: expect.stringMatching(message) }),
    );
  });
});

describe('definitions with mistakes', () => {
  test.each([
    [
      'half an expression',
      only({ Type: 'Pass', Output: ['{% 1'] }),
      /state "Only": "Output\/0": "\{% 1" is plain text/,
    ],
    [
      'spaces around an expression',
      task({ Arguments: { a: ' {% 1 %} ' } }),
      /state "Only": "Arguments\/a": .*no spaces around/,
    ],
    [
      'an unknown variable',
      only({ Type: 'Pass', Output: { a: '{% $tokn %}' } }),
      /state "Only": "Output\/a": no state assigns the variable "\$tokn"/,
    ],
    ['an unknown function', only({ Type: 'Pass', Output: '{% $flatten([1]) %}' }), /"\$flatten"/],
    [
      'a variable of an iteration that is read outside',
      machine({ A: { ...map({ B: { ...end, Assign: { inner: 1 } } }), Output: '{% $inner %}' } }),
      /state "A": "Output".*"\$inner"/,
    ],
    [
      'an unknown variable in a Map',
      machine({ A: map({ B: { ...end, Output: '{% $tokn %}' } }) }),
      /state "B"/,
    ],
  ])('loading reports as a mistake: %s', (_fact, definition, message) => {
    expect(loadStateMachine(definition).mistakes).toEqual([expect.stringMatching(message)]);
  });
});

describe('accepted definitions', () => {
  test.each([
    [
      'names that an expression defines itself',
      '{% ($a := 1; $f := function($b){$b + $a}; $map([1], $f)) %}',
    ],
    ['focus and index variables', '{% $states.input.list@$item#$at.{"at": $at, "item": $item} %}'],
    ['a variable that only a later state assigns', '{% $exists($later) ? $later : 0 %}'],
    [
      'every function of Step Functions',
      "{% [$partition([1],1), $range(1,2,1), $hash('a','MD5'), $random(), $uuid(), $parse('1'), $now(), $millis()] %}",
    ],
  ])('loading accepts %s', (_fact, output) => {
    const definition = machine({
      A: { Type: 'Pass', Output: output, Next: 'B' },
      B: { Type: 'Pass', Assign: { later: 1 }, End: true },
    });
    expect(loadStateMachine(definition).mistakes).toEqual([]);
  });

  test.each([undefined, 'JSONPath'])(
    'loading accepts a machine with the query language %s whose states are all JSONata',
    (QueryLanguage) => {
      const own = { QueryLanguage: 'JSONata' };
      const definition = machine({ A: { ...map({ B: { ...end, ...own } }), ...own } }, { QueryLanguage });
      expect(loadStateMachine(definition).flow.startAt).toBe('A');
    },
  );

  test('loading accepts sibling Maps that use the same variable', () => {
    const inner = { B: { ...end, Assign: { n: 1 } } };
    const { End: _, ...first } = map(inner) as { End: boolean };
    expect(() => loadStateMachine(machine({ A: { ...first, Next: 'C' }, C: map(inner) }))).not.toThrow();
  });
});
