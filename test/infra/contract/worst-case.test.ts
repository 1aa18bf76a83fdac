import { describe, expect, test } from '@jest/globals';
import { Duration } from 'aws-cdk-lib';
import { checkSettings } from '../../../infra/check-settings.ts';
import { processorDefinition, worstCaseSeconds } from '../../../infra/processor-definition.ts';
import {
  assumedLoad,
  type Definition,
  readDefinition,
  type State,
  stateOf,
  statesOf,
  waitSeconds,
  worstSeconds,
} from './definition.ts';

const EXPRESS_LIMIT_SECONDS = 300;
const databaseStates = ['Fetch batch', 'Mark processed', 'Mark failed', 'Release batch'];

/** The longest time of one state in seconds; a Map takes several waves when its concurrency is below its items. */
function stateSeconds(state: State): number {
  if (state.Type === 'Task') return worstSeconds(state);
  if (state.ItemProcessor === undefined) return 0;
  const items = Math.ceil(assumedLoad.batchMaxEvents / assumedLoad.chunkSize);
  // A batch of fewer publishers is smaller: the waves are those of all 40.
  const waves = Math.ceil(items / (Number(state.MaxConcurrency) || 40));
  const inside = [...statesOf(state.ItemProcessor).values()].map(worstSecondsIfTask);
  return waves * inside.reduce((sum, seconds) => sum + seconds, 0);
}

function worstSecondsIfTask(state: State): number {
  return state.Type === 'Task' ? worstSeconds(state) : 0;
}

/** The longest way from a state to the end of the batch in seconds, including Catches and Choices. */
function longestWay(definition: Definition, name: string, seen: readonly string[] = []): number {
  if (seen.includes(name)) return 0;
  const state = stateOf(definition, name);
  const targets = [state.Next, state.Default, ...(state.Choices ?? []), ...(state.Catch ?? [])]
    .map((target) => (typeof target === 'object' ? target.Next : target))
    .filter((target) => target !== undefined);
  const ways = targets.map((target) => longestWay(definition, target, [...seen, name]));
  return stateSeconds(state) + Math.max(0, ...ways);
}

/** The condition on the elapsed time with which a run may begin another batch. */
const elapsedBefore = (bound: string): string =>
  `$millis() - $toMillis($states.context.Execution.StartTime) < ${bound} * 1000`;

/** The ways to another batch that do not check the time of the run, or leave out the wait before the batch. */
function timelessWays(definition: Definition): string[] {
  const ways = (stateOf(definition, 'More to do?').Choices ?? []).map(({ Condition, Next }) => {
    const { Type, Seconds, Next: after } = stateOf(definition, Next);
    if (Type === 'Wait' && after === 'Begin batch') return { Condition, Next, wait: ` - ${inside(Seconds)}` };
    return Next === 'Begin batch' ? { Condition, Next, wait: '' } : undefined;
  });
  return ways.flatMap((way) => {
    if (way === undefined) return [];
    const bounds = ['$loopSeconds', '$lingerSeconds'].map((bound) =>
      elapsedBefore(way.wait === '' ? bound : `(${bound}${way.wait})`),
    );
    return bounds.some((bound) => way.Condition.includes(bound)) ? [] : [way.Next];
  });
}

/** A JSONata expression without `{% %}`. */
const inside = (value: unknown): string => /^\{% (.*) %\}$/.exec(String(value))?.[1] ?? String(value);

/** Seconds after its start in which a run may begin another batch. */
function loopSeconds(definition: Definition): number {
  const conditions = (stateOf(definition, 'More to do?').Choices ?? []).map(({ Condition }) => Condition);
  const elapsed = elapsedBefore('$loopSeconds');
  const bound = /\$min\(\[(\d+|\$\{LoopSeconds\}), /.exec(
    String(stateOf(definition, 'Begin run').Assign?.['loopSeconds']),
  );
  if (!conditions.some((condition) => condition.includes(elapsed)) || bound === null)
    throw new Error('"More to do?" compares no time');
  return /^\d/.test(bound[1] ?? '') ? Number(bound[1]) : assumedLoad.loopSeconds;
}

function violations(definition: Definition): string[] {
  const { TimeoutSeconds = Infinity } = definition;
  const worst = loopSeconds(definition) + longestWay(definition, 'Begin batch');
  const impatient = databaseStates.filter((name) => {
    const { MaxAttempts = 0, ...retrier } = stateOf(definition, name).Retry?.at(-1) ?? { ErrorEquals: [] };
    return MaxAttempts < 5 || waitSeconds({ ...retrier, MaxAttempts }) < 30;
  });
  const publish = worstSeconds(stateOf(definition, 'Publish event'));
  return [
    ...(TimeoutSeconds < EXPRESS_LIMIT_SECONDS ? [] : [`a run may take ${TimeoutSeconds} s`]),
    ...(worst <= TimeoutSeconds ? [] : [`the last batch may end after ${worst} s`]),
    ...(publish <= 30 ? [] : [`one publish may take ${publish} s`]),
    ...timelessWays(definition).map((next) => `"${next}" may begin a batch too late`),
    ...impatient.map((name) => `"${name}" gives up before Aurora is back`),
  ];
}

describe('the worst case of one batch', () => {
  const processor = readDefinition('outbox-processor');

  test('the worst case of every state is the calculated one', () => {
    const seconds = Object.fromEntries(
      [...databaseStates, 'Publish event', 'Publish events'].map((name) => [
        name,
        stateSeconds(stateOf(processor, name)),
      ]),
    );

    expect(seconds).toEqual({
      'Fetch batch': 60,
      'Publish event': 18,
      'Publish events': 90,
      'Mark processed': 54,
      'Mark failed': 54,
      'Release batch': 54,
    });
    expect(longestWay(processor, 'Begin batch')).toBe(258);
  });

  test('the worst case fits the execution even when the batch begins at the last moment', () => {
    expect(loopSeconds(processor)).toBe(30);
    expect(violations(processor)).toEqual([]);
  });

  test.each<[string, (definition: Definition) => void]>([
    ['a run may take 300 s', (d) => Object.assign(d, { TimeoutSeconds: 300 })],
    ['the last batch may end after 288 s', (d) => Object.assign(d, { TimeoutSeconds: 287 })],
    [
      'the last batch may end after 294 s',
      (d) => Object.assign(stateOf(d, 'Mark processed'), { TimeoutSeconds: 5 }),
    ],
    [
      'the last batch may end after 306 s',
      (d) => Object.assign(stateOf(d, 'Publish events'), { MaxConcurrency: 34 }),
    ],
    [
      'the last batch may end after 304 s',
      (d) =>
        Object.assign(stateOf(d, 'Begin run').Assign ?? {}, {
          loopSeconds: '{% $min([46, $states.input.loopSeconds]) %}',
        }),
    ],
    [
      '"Slow down" may begin a batch too late',
      (d) => Object.assign(stateOf(d, 'Slow down'), { Seconds: '{% 2 * $slowSeconds %}' }),
    ],
    [
      '"Wait for events" may begin a batch too late',
      (d) => Object.assign(stateOf(d, 'Wait for events'), { Seconds: 60 }),
    ],
    [
      '"Fetch batch" gives up before Aurora is back',
      (d) => Object.assign(stateOf(d, 'Fetch batch').Retry?.at(-1) ?? {}, { MaxAttempts: 4 }),
    ],
    [
      '"Mark failed" gives up before Aurora is back',
      (d) => Object.assign(stateOf(d, 'Mark failed').Retry?.at(-1) ?? {}, { MaxDelaySeconds: 14 }),
    ],
  ])('a worst case that is too long is detected: %s', (violation, breakIt) => {
    const definition = readDefinition('outbox-processor');

    breakIt(definition);

    expect(violations(definition)).toEqual([violation]);
  });

  test('a publish that may take longer than 30 s is detected', () => {
    const definition = readDefinition('outbox-processor');

    stateOf(definition, 'Publish event').TimeoutSeconds = 10;

    expect(violations(definition)).toContain('one publish may take 33 s');
  });
});

describe('the worst case in the construct', () => {
  test('the construct calculates the same worst case', () => {
    const definition = readDefinition('outbox-processor') as unknown as Parameters<
      typeof worstCaseSeconds
    >[0];

    expect(
      worstCaseSeconds(definition, { batchSize: assumedLoad.batchMaxEvents, publishConcurrency: 40 }),
    ).toBe(258);
    expect(processorDefinition(checkSettings({})).settings['LoopSeconds']).toBe(
      String(assumedLoad.loopSeconds),
    );
  });

  test('the construct leaves less time for another batch when a batch needs one more wave', () => {
    const { settings } = processorDefinition(checkSettings({ publishConcurrency: 34, batchSize: 200 }));

    expect(settings).toMatchObject({ PublishConcurrency: '34', BatchSize: '200' });
    expect(settings['LoopSeconds']).toBe('14');
  });

  test('the construct lets a run linger for as long as its last batch allows', () => {
    const seconds = (linger: number, batchSize: number) =>
      processorDefinition(checkSettings({ linger: Duration.seconds(linger), batchSize })).settings;

    expect(seconds(68, 120)).toMatchObject({ LoopSeconds: '68', LingerSeconds: '68' });
    // A short linger does not shorten the time for batches.
    expect(seconds(2, 120)).toMatchObject({ LoopSeconds: '30', LingerSeconds: '2' });
    expect(() => seconds(69, 120)).toThrow(/begins after 68 may outlast its run/);
  });

  test('the construct refuses settings whose worst case does not fit an execution', () => {
    const tooSlow = checkSettings({ publishConcurrency: 20, batchSize: 200 });

    expect(() => processorDefinition(tooSlow)).toThrow(/may take 348 seconds, and a run has 290/);
  });
});

describe('the other machines', () => {
  test.each(['outbox-redrive', 'outbox-replay'])(
    '%s waits longer for its run than the run may take, within the limit of Express',
    (machine) => {
      const { TimeoutSeconds } = stateOf(readDefinition(machine), 'Run processor');

      expect(TimeoutSeconds).toBeGreaterThan(readDefinition('outbox-processor').TimeoutSeconds ?? Infinity);
      expect(TimeoutSeconds).toBeLessThan(EXPRESS_LIMIT_SECONDS);
    },
  );

  test('a cleanup whose last purge begins at the last moment still ends in time', () => {
    const cleanup = readDefinition('outbox-cleanup');
    const condition = stateOf(cleanup, 'More to purge?').Choices?.at(0)?.Condition ?? '';
    const lastStart = Number(/StartTime\) < (\d+)/.exec(condition)?.[1]) / 1_000;
    const { TimeoutSeconds = Infinity } = stateOf(cleanup, 'Purge events');

    expect(lastStart + TimeoutSeconds).toBeLessThanOrEqual(cleanup.TimeoutSeconds ?? 0);
    expect(cleanup.TimeoutSeconds).toBeLessThan(EXPRESS_LIMIT_SECONDS);
  });
});
