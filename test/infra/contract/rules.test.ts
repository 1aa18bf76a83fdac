import { describe, expect, test } from '@jest/globals';
import validate from 'asl-validator';
import jsonata from 'jsonata';
import {
  type Catcher,
  type Definition,
  expressionsIn,
  machines,
  type Retrier,
  readDefinition,
  readText,
  stateOf,
  statesOf,
  stepsOf,
  tasksOf,
} from './definition.ts';

/**
 * The states that must not fail when their data is too large: so many events or outcomes pass through them that
 * these may exceed 256 KiB. The other states may fail.
 */
const carriers: Readonly<Record<string, readonly string[]>> = {
  'outbox-processor': ['Fetch batch', 'Publish events', 'Publish event'],
};

/** The rules that AWS or our design require and asl-validator does not check. */
function violations(definition: Definition, carrierNames: readonly string[] = []): string[] {
  return [
    ...[...statesOf(definition)].flatMap(([name, { Retry = [], Catch = [] }]) => [
      ...Retry.flatMap((retrier) => delayViolations(name, retrier)),
      ...catchAllViolations(`${name}: Retry`, Retry),
      ...catchAllViolations(`${name}: Catch`, Catch),
    ]),
    ...tasksOf(definition)
      .filter(([, { TimeoutSeconds }]) => TimeoutSeconds === undefined)
      .map(([name]) => `${name}: no TimeoutSeconds`),
    ...stepsOf(definition)
      .filter(([, { Retry }]) => !handles(Retry, 'States.ALL'))
      .map(([name]) => `${name}: does not retry States.ALL`),
    ...tasksOf(definition)
      .filter(([, { Catch }]) => carrierNames.length > 0 && !handles(Catch, 'States.ALL'))
      .map(([name]) => `${name}: does not catch States.ALL`),
    ...carrierNames
      .filter((name) => !handles(stateOf(definition, name).Catch, 'States.DataLimitExceeded'))
      .map((name) => `${name}: does not catch States.DataLimitExceeded, which States.ALL may leave out`),
  ];
}

function delayViolations(name: string, retrier: Retrier): string[] {
  const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Infinity } = retrier;
  return [
    ...(BackoffRate >= 1 ? [] : [`${name}: BackoffRate ${BackoffRate} is below 1`]),
    ...(MaxDelaySeconds > IntervalSeconds ? [] : [`${name}: MaxDelaySeconds must exceed IntervalSeconds`]),
  ];
}

function catchAllViolations(where: string, handlers: readonly (Retrier | Catcher)[]): string[] {
  return handlers.flatMap(({ ErrorEquals }, index) => {
    if (!ErrorEquals.includes('States.ALL')) return [];
    return [
      ...(ErrorEquals.length === 1 ? [] : [`${where}: States.ALL is not alone`]),
      ...(index === handlers.length - 1 ? [] : [`${where}: States.ALL is not last`]),
    ];
  });
}

function handles(handlers: readonly (Retrier | Catcher)[] | undefined, error: string): boolean {
  return handlers?.some(({ ErrorEquals }) => ErrorEquals.includes(error)) ?? false;
}

/**
 * Whether an expression uses the context itself, as `$` or `$$`. AWS accepts this; other interpreters, which people
 * use for tests, refuse it. Reads the syntax tree of JSONata, because texts and patterns may contain a dollar.
 */
function namesContext(tree: unknown): boolean {
  if (typeof tree !== 'object' || tree === null) return false;
  const { type, value } = tree as { readonly type?: unknown; readonly value?: unknown };
  if (type === 'variable' && (value === '' || value === '$')) return true;
  return Object.values(tree).some(namesContext);
}

const bareDollars = (definition: unknown): string[] =>
  expressionsIn(definition).filter((expression) => namesContext(jsonata(expression).ast()));

/** The definition as Step Functions receives it, with its placeholders substituted. */
function substituted(text: string): object {
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:outbox:1';
  const filled = text
    .replace(/\$\{Partition\}/g, 'aws')
    .replace(/\$\{(\w+)\}/g, (_, name: string) => (name.endsWith('Arn') ? arn : '1'));
  // asl-validator takes an empty string for two kinds of value at once.
  return JSON.parse(filled.replaceAll(': ""', `: "{% '' %}"`)) as object;
}

describe.each(machines)('the definition of %s', (machine) => {
  test('the definition is accepted by asl-validator after its placeholders are substituted', () => {
    const { isValid, errorsText } = validate(substituted(readText(machine)));

    expect(isValid ? '' : errorsText()).toBe('');
  });

  test('the definition follows the rules that asl-validator does not check', () => {
    expect(violations(readDefinition(machine), carriers[machine])).toEqual([]);
  });

  test('the definition names every value that it uses and contains no bare $ or $$', () => {
    expect(expressionsIn(readDefinition(machine))).not.toEqual([]);
    expect(bareDollars(readDefinition(machine))).toEqual([]);
  });

  test('the definition uses JSONata', () => {
    expect(readDefinition(machine)).toMatchObject({ QueryLanguage: 'JSONata' });
  });
});

describe('a broken definition', () => {
  const firstRetrier = (definition: Definition, name: string, change: Partial<Retrier>) =>
    Object.assign(stateOf(definition, name).Retry?.at(-1) ?? {}, change);

  test.each<[string, (definition: Definition) => void]>([
    ['Fetch batch: BackoffRate 0.5 is below 1', (d) => firstRetrier(d, 'Fetch batch', { BackoffRate: 0.5 })],
    [
      'Publish event: MaxDelaySeconds must exceed IntervalSeconds',
      (d) => firstRetrier(d, 'Publish event', { IntervalSeconds: 2, MaxDelaySeconds: 2 }),
    ],
    [
      'Mark failed: Retry: States.ALL is not alone',
      (d) => firstRetrier(d, 'Mark failed', { ErrorEquals: ['States.ALL', 'Other'] }),
    ],
    ['Mark processed: Retry: States.ALL is not last', (d) => stateOf(d, 'Mark processed').Retry?.reverse()],
    ['Publish events: Catch: States.ALL is not last', (d) => stateOf(d, 'Publish events').Catch?.reverse()],
    [
      'Publish event: does not catch States.DataLimitExceeded, which States.ALL may leave out',
      (d) => stateOf(d, 'Publish event').Catch?.shift(),
    ],
    ['Release batch: does not catch States.ALL', (d) => stateOf(d, 'Release batch').Catch?.pop()],
    ['Fetch batch: does not retry States.ALL', (d) => stateOf(d, 'Fetch batch').Retry?.pop()],
    ['Publish event: no TimeoutSeconds', (d) => delete stateOf(d, 'Publish event').TimeoutSeconds],
  ])('a broken definition is detected: %s', (violation, breakIt) => {
    const definition = readDefinition('outbox-processor');

    breakIt(definition);

    expect(violations(definition, carriers['outbox-processor'])).toEqual([violation]);
  });

  test.each([
    '$',
    '$$',
    '$$.events',
    "$ids.{ 'eventId': $ }",
    '$events[$ > 1]',
    '$events.(detail & $)',
    '$map($ids, function($id) { $ })',
    '$events ~> $map(function($id) { $id }) ~> $append($)',
  ])('a definition with a bare context is detected: %s', (expression) => {
    const definition = { States: { Any: { Output: { nested: [`{% ${expression} %}`] } } } };

    expect(bareDollars(definition)).toEqual([` ${expression} `]);
  });

  test.each([
    '\'$\' & "$$"',
    '$replace($text, /^a$|[$]/, "$1$$")',
    '$map($ids, function($id) { { "$": $id } })',
    '/* $ */ $events.`$`',
    '$min([1, 2])',
  ])('a definition with a dollar in a text, a pattern or a name is accepted: %s', (expression) => {
    expect(bareDollars({ Output: `{% ${expression} %}` })).toEqual([]);
  });

  test('asl-validator detects a state that leads nowhere', () => {
    const broken = readText('outbox-processor').replace('"Next": "Anything due?"', '"Next": "Nowhere"');

    expect(validate(substituted(broken)).isValid).toBe(false);
  });
});
