import { expect, test } from '@jest/globals';
import type { Context } from '../../certify/context.ts';
import { type RunOptions, runScenarios } from '../../certify/runner.ts';
import { answerTo, compare, type Need, NotObservable, type Scenario } from '../../certify/scenario.ts';
import { serviceError } from '../support/service-error.ts';

const scenario = (given: Partial<Scenario>): Scenario => ({
  id: 'a-fact',
  sentence: 'It is so.',
  needs: [],
  expected: { count: 1 },
  observe: async () => ({ count: 1 }),
  ...given,
});

async function run(
  scenarios: readonly Scenario[],
  { lacks = [], signal = new AbortController().signal }: { lacks?: Need[]; signal?: AbortSignal } = {},
) {
  const said: string[] = [];
  const options: RunOptions = {
    // The scenarios of these tests use nothing else.
    context: (within, note) => ({ signal: within, note }) as Context,
    lacks: new Set(lacks),
    signal,
    onBegin: ({ id }) => said.push(`begin ${id}`),
    onEnd: ({ id, outcome }) => said.push(`${outcome} ${id}`),
  };
  return { results: await runScenarios(scenarios, options), said };
}

const throwing = (error: unknown) => scenario({ observe: () => Promise.reject(error), id: 'thrown' });

test('a scenario whose observation equals the expectation is the same, and keeps its notes', async () => {
  const { results } = await run([
    scenario({
      async observe({ note }) {
        note('quick');
        return { count: 1 };
      },
    }),
  ]);

  expect(results).toMatchObject([
    { outcome: 'same', differences: [], notes: ['quick'], observed: { count: 1 } },
  ]);
});

test('every key that differs, is missing or was not expected is a difference', () => {
  expect(
    compare(
      { same: 1, list: ['a'], other: 'x', missing: true },
      { same: 1, list: ['a'], other: 'y', more: '' },
    ),
  ).toEqual([
    { key: 'other', expected: '"x"', observed: '"y"' },
    { key: 'missing', expected: 'true', observed: 'nothing' },
    { key: 'more', expected: 'nothing', observed: '""' },
  ]);
});

test('a list in another order and a number as a text are differences', () => {
  expect(compare({ list: ['a', 'b'] }, { list: ['b', 'a'] })).toHaveLength(1);
  expect(compare({ count: 1 }, { count: '1' })).toEqual([{ key: 'count', expected: '1', observed: '"1"' }]);
});

test('an observation that throws is a difference, and the next scenario runs', async () => {
  const { results, said } = await run([throwing(new TypeError('no answer')), scenario({})]);

  expect(results.map(({ outcome }) => outcome)).toEqual(['differs', 'same']);
  expect(results[0]?.differences).toEqual([
    { key: 'error', expected: 'none', observed: 'TypeError: no answer' },
  ]);
  expect(said).toEqual(['begin thrown', 'differs thrown', 'begin a-fact', 'same a-fact']);
});

test('an observation that exceeds its time limit is a difference', async () => {
  const { results } = await run([
    scenario({ limitSeconds: 0.01, observe: () => new Promise(() => undefined) }),
    scenario({}),
  ]);

  expect(results[0]?.differences).toEqual([
    { key: 'error', expected: 'none', observed: 'no end within 0.01 s' },
  ]);
  expect(results[1]?.outcome).toBe('same');
});

test('a scenario is skipped with the reason when one of its needs is lacking', async () => {
  const observe = () => Promise.reject(new Error('must not be observed'));

  const { results } = await run([scenario({ needs: ['running', 'disturb'], observe })], {
    lacks: ['disturb'],
  });

  expect(results).toMatchObject([
    { outcome: 'skipped', reason: 'others may notice it: give --disturb', differences: [] },
  ]);
});

test('a scenario is skipped when the caller lacks a permission, also when that is the cause of another error', async () => {
  const denied = serviceError('AccessDeniedException', 403);
  const { results } = await run([
    throwing(denied),
    throwing(new Error('the database refused', { cause: denied })),
    throwing(new NotObservable('the bus is elsewhere')),
  ]);

  expect(results.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ['skipped', expect.stringMatching(/^not allowed: AccessDeniedException/)],
    ['skipped', expect.stringMatching(/^not allowed: Error: the database refused/)],
    ['skipped', 'the bus is elsewhere'],
  ]);
});

test('a scenario that is interrupted has no result, and no other is started', async () => {
  const ended = new AbortController();
  const { results, said } = await run(
    [
      scenario({}),
      scenario({
        id: 'ended',
        async observe() {
          ended.abort();
          return new Promise(() => undefined);
        },
      }),
      scenario({ id: 'after' }),
    ],
    { signal: ended.signal },
  );

  expect(results.map(({ id }) => id)).toEqual(['a-fact']);
  expect(said).toEqual(['begin a-fact', 'same a-fact', 'begin ended']);
});

test('answerTo returns the name of an AWS error and the SQLState, and throws any other error', async () => {
  const refused = Object.assign(serviceError('DatabaseErrorException', 400), {
    message: 'ERROR: syntax; SQLState: 42601',
  });
  const defect = new TypeError('no function');

  expect(await answerTo(Promise.resolve(1))).toBe('accepted');
  expect(await answerTo(Promise.reject(new Error('ours', { cause: refused })))).toBe(
    'DatabaseErrorException, SQLState: 42601',
  );
  await expect(answerTo(Promise.reject(defect))).rejects.toBe(defect);
  await expect(answerTo(Promise.reject(serviceError('TimeoutError')))).rejects.toThrow();
  await expect(answerTo(Promise.reject(serviceError('AccessDeniedException', 403)))).rejects.toThrow();
});
