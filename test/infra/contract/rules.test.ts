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
 * Where a machine promises to end in order whatever fails: the states that events or their outcomes pass
 * through in such numbers that 256 KiB may not hold them. The others may simply fail.
 */
const carriers: Readonly<Record<string, readonly string[]>> = {
  'outbox-processor': ['Fetch batch', 'Publish events', 'Publish event'],
};

/** What AWS or our design refuses and asl-validator does not see. */
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

/** The definition as Step Functions gets it, its placeholders substituted. */
/**
 * Whether an expression names the context itself, as `$` or `$$`. AWS takes that; other interpreters of the language,
 * which people test with, refuse it. Asked of JSONata's own syntax tree, since texts and patterns may hold a dollar.
 */
function namesContext(tree: unknown): boolean {
  if (typeof tree !== 'object' || tree === null) return false;
  const { type, value } = tree as { readonly type?: unknown; readonly value?: unknown };
  if (type === 'variable' && (value === '' || value === '$')) return true;
  return Object.values(tree).some(namesContext);
}

const bareDollars = (definition: unknown): string[] =>
  expressionsIn(definition).filter((expression) => namesContext(jsonata(expression).ast()));

function substituted(text: string): object {
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:outbox:1';
  const filled = text
    .replace(/\$\{Partition\}/g, 'aws')
    .replace(/\$\{(\w+)\}/g, (_, name: string) => (name.endsWith('Arn') ? arn : '1'));
  // asl-validator mistakes an empty string for two kinds of value at once.
  return JSON.parse(filled.replaceAll(': ""', `: "{% '' %}"`)) as object;
}

describe.each(machines)('the definition of %s', (machine) => {
  test('is accepted by asl-validator once its placeholders are substituted', () => {
    const { isValid, errorsText } = validate(substituted(readText(machine)));

    expect(isValid ? '' : errorsText()).toBe('');
  });

  test('breaks none of the rules that asl-validator does not know', () => {
    expect(violations(readDefinition(machine), carriers[machine])).toEqual([]);
  });

  test('names every value that it uses: nowhere stands a bare $ or $$', () => {
    expect(expressionsIn(readDefinition(machine))).not.toEqual([]);
    expect(bareDollars(readDefinition(machine))).toEqual([]);
  });

  test('speaks JSONata', () => {
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
  ])('is found out: %s', (violation, breakIt) => {
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
  ])('is found out when it says %s', (expression) => {
    const definition = { States: { Any: { Output: { nested: [`{% ${expression} %}`] } } } };

    expect(bareDollars(definition)).toEqual([` ${expression} `]);
  });

  test.each([
    '\'$\' & "$$"',
    '$replace($text, /^a$|[$]/, "$1$$")',
    '$map($ids, function($id) { { "$": $id } })',
    '/* $ */ $events.`$`',
    '$min([1, 2])',
  ])('is no definition that says %s', (expression) => {
    expect(bareDollars({ Output: `{% ${expression} %}` })).toEqual([]);
  });

  test('is found out by asl-validator when a state leads nowhere', () => {
    const broken = readText('outbox-processor').replace('"Next": "Anything due?"', '"Next": "Nowhere"');

    expect(validate(substituted(broken)).isValid).toBe(false);
  });
});
