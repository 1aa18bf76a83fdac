import { describe, expect, test } from '@jest/globals';
import type { HistoryStep } from '../../../../console/api.ts';
import { completeUpTo, follow } from '../../../../console/page/runs/history.ts';
import { type RunModel, runModel } from '../../../../console/page/runs/run-model.ts';
import { stateStatus } from '../../../../console/page/runs/state-status.ts';
import type { HistoryEvent, TaskInvoker } from '../../../../twin/services/step-functions/asl/run.ts';
import { TaskError } from '../../../../twin/services/step-functions/asl/task-error.ts';
import { lambdaInvoke, mapped, task } from '../../../twin/services/step-functions/asl/feature-table.ts';
import { machine, simulate } from '../../../twin/services/step-functions/asl/simulation.ts';

/** The model that the page builds from the history that CloudWatch Logs keeps. */
async function modelOf(definition: string, input: unknown, invoke?: TaskInvoker): Promise<RunModel> {
  const { events } = await simulate(definition, { input, ...(invoke && { invoke }) });
  return runModel(events.map(asStep));
}

/** As the server of the console answers with it. */
function asStep({ id, previousEventId, timestamp, type, ...rest }: HistoryEvent): HistoryStep {
  const [details = {}] = Object.values(rest) as Record<string, unknown>[];
  const { name, index, length, error, cause } = details;
  const given = Object.entries({ name, index, length, error, cause }).filter(
    ([, value]) => value !== undefined,
  );
  return { id, previousEventId, timestamp: timestamp.toISOString(), type, ...Object.fromEntries(given) };
}

const told = ({ visits }: RunModel): string[] =>
  visits.map(({ state, status, inside }) =>
    [state, inside === undefined ? '' : `of item ${inside.index}`, status].filter(Boolean).join(' '),
  );

const silent: TaskInvoker = () => new Promise(() => undefined);
const failing: TaskInvoker = (resource, args, signal) =>
  args === 1 ? Promise.reject(new TaskError('Oops', 'why')) : silent(resource, args, signal);

describe("the page's model of a run", () => {
  test('the model follows the states in their order', async () => {
    const model = await modelOf(
      machine({
        A: { Type: 'Pass', Next: 'B' },
        B: { Type: 'Choice', Choices: [{ Condition: '{% true %}', Next: 'C' }], Default: 'D' },
        C: { Type: 'Succeed' },
        D: { Type: 'Succeed' },
      }),
      {},
    );
    expect(told(model)).toEqual(['A succeeded', 'B succeeded', 'C succeeded']);
    expect([...model.taken]).toEqual(['→A', 'A→B', 'B→C']);
  });

  test('the model separates the iterations of a Map that run one after the other', async () => {
    const states = { A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Pass', End: true } };
    const model = await modelOf(mapped(states, { MaxConcurrency: 1 }, { C: { Type: 'Succeed' } }), [7, 8]);
    expect(told(model)).toEqual([
      'Each succeeded',
      'A of item 0 succeeded',
      'B of item 0 succeeded',
      'A of item 1 succeeded',
      'B of item 1 succeeded',
      'C succeeded',
    ]);
    expect([...model.taken]).toEqual(['→Each', 'A→B', 'Each→C']);
    expect(model.visits[0]?.map).toEqual({ length: 2, started: 2, succeeded: 2, failed: 0 });
  });

  test('the model separates a nested Map from the outer one', async () => {
    const inner = (items: unknown[]) => ({
      Type: 'Map',
      Items: items,
      MaxConcurrency: 1,
      ItemProcessor: { StartAt: 'A', States: { A: { Type: 'Pass', End: true } } },
    });
    const states = { First: { ...inner([1, 2]), Next: 'Second' }, Second: { ...inner([]), End: true } };
    const model = await modelOf(mapped(states, { MaxConcurrency: 1 }), [7, 8]);
    const one = (item: number) => [
      `First of item ${item} succeeded`,
      'A of item 0 succeeded',
      'A of item 1 succeeded',
      `Second of item ${item} succeeded`,
    ];
    expect(told(model)).toEqual(['Each succeeded', ...one(0), ...one(1)]);
    expect(model.visits.flatMap(({ map }) => map ?? [])).toEqual([
      { length: 2, started: 2, succeeded: 2, failed: 0 },
      { length: 2, started: 2, succeeded: 2, failed: 0 },
      { length: 0, started: 0, succeeded: 0, failed: 0 },
      { length: 2, started: 2, succeeded: 2, failed: 0 },
      { length: 0, started: 0, succeeded: 0, failed: 0 },
    ]);
  });

  test('the model separates the failed iteration from those that were stopped', async () => {
    const model = await modelOf(mapped({ A: task }), [0, 1, 2], failing);
    expect(told(model)).toEqual([
      'Each failed',
      'A of item 0 aborted',
      'A of item 1 failed',
      'A of item 2 aborted',
    ]);
    expect(model.visits[0]?.map).toEqual({ length: 3, started: 3, succeeded: 0, failed: 1 });
  });

  test('the model has a failure in a nested Map, the failures of the Maps around it, and the Catch', async () => {
    const states = {
      Inner: { Type: 'Map', ItemProcessor: { StartAt: 'A', States: { A: task } }, End: true },
    };
    const model = await modelOf(
      mapped(
        states,
        { Catch: [{ ErrorEquals: ['Oops'], Next: 'C' }] },
        { B: { Type: 'Succeed' }, C: { Type: 'Succeed' } },
      ),
      [[0], [1]],
      failing,
    );
    expect(told(model)).toEqual([
      'Each caught',
      'Inner of item 0 aborted',
      'Inner of item 1 failed',
      'A of item 0 aborted',
      'A of item 0 failed',
      'C succeeded',
    ]);
    expect([...model.taken]).toEqual(['→Each', 'Each→C']);
  });

  test('the model counts the attempts of a Task, and a Map that is retried', async () => {
    let calls = 0;
    const once: TaskInvoker = async () => {
      if (++calls === 1) throw new TaskError('Oops', 'why');
      return 1;
    };
    const retry = { Retry: [{ ErrorEquals: ['Oops'] }] };
    const single = machine({ A: { ...task, ...retry } });
    expect((await modelOf(single, {}, once)).visits).toMatchObject([{ status: 'succeeded', tries: 2 }]);

    calls = 0;
    const again = await modelOf(
      mapped({ A: { Type: 'Task', Resource: lambdaInvoke, End: true } }, retry),
      [1],
      once,
    );
    expect(told(again)).toEqual(['Each succeeded', 'A of item 0 failed', 'A of item 0 succeeded']);
    expect(again.visits[0]?.map).toEqual({ length: 1, started: 1, succeeded: 1, failed: 0 });
  });

  test.each([
    ['the first state', machine({ A: { Type: 'Pass', Output: '{% $no %}', End: true } }), ['A failed']],
    [
      'a later state',
      machine({ A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Pass', Output: '{% $no %}', End: true } }),
      ['A succeeded', 'B failed'],
    ],
    ['Items', mapped({ A: task }, { Items: '{% 1 %}' }), ['Each failed']],
    ['ItemSelector', mapped({ A: task }, { ItemSelector: '{% $no %}' }), ['Each failed']],
    [
      'an iteration',
      mapped({ A: { Type: 'Pass', Output: '{% $no %}', End: true } }),
      ['Each failed', 'A of item 0 failed'],
    ],
  ])('the model has the place of a failed evaluation: %s', async (_where, definition, expected) => {
    expect(told(await modelOf(definition, [1]))).toEqual(expected);
  });

  test('the model closes the states that the timeout of the execution leaves open', async () => {
    const definition = machine({ A: { Type: 'Wait', Seconds: 60, End: true } }, { TimeoutSeconds: 5 });
    expect(told(await modelOf(definition, {}))).toEqual(['A aborted']);
  });

  test('the model of a history without its beginning has the states that are in it', async () => {
    const { events } = await simulate(mapped({ A: task }), { input: [0, 1, 2], invoke: failing });
    const steps = events.map(asStep);
    for (let missing = 1; missing <= steps.length; missing += 1)
      expect(() => runModel(steps.slice(missing))).not.toThrow();
    const failures = steps.filter(({ type }) => /Failed$/.test(type));
    expect(runModel(failures).visits).toEqual([]);
  });

  test('the model of 10,000 events is made in less than a second', () => {
    const at = new Date(0).toISOString();
    const step = (id: number, previousEventId: number, type: string, more: object = {}) => ({
      ...{ id, previousEventId, timestamp: at, type },
      ...more,
    });
    const iterations = Array.from({ length: 2_499 }, (_, index) => {
      const id = 4 + index * 4;
      return [
        step(id, 3, 'MapIterationStarted', { index }),
        step(id + 1, id, 'TaskStateEntered', { name: 'A' }),
        step(id + 2, id + 1, 'TaskStateExited', { name: 'A' }),
        step(id + 3, id + 2, 'MapIterationSucceeded', { name: 'Each', index }),
      ];
    });
    const steps = [
      step(1, 0, 'ExecutionStarted'),
      step(2, 1, 'MapStateEntered', { name: 'Each' }),
      step(3, 2, 'MapStateStarted', { length: 2_499 }),
      ...iterations.flat(),
    ];
    const startedAt = performance.now();
    const model = runModel(steps);
    expect(stateStatus(model.of('Each')).text).toBe('2499 of 2499 done');
    expect(stateStatus(model.of('A')).text).toBe('2499 ok');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe('the history that arrives in parts', () => {
  const run = {
    arn: 'a',
    machineArn: 'm',
    name: 'n',
    status: 'RUNNING',
    startedAt: '',
    stoppedAt: null,
  } as const;
  const steps = (...ids: number[]) =>
    ids.map((id) => ({ id, previousEventId: id - 1, timestamp: '', type: 'TaskScheduled' }));
  const ids = (parts: readonly number[][]) =>
    parts
      .reduce<ReturnType<typeof follow> | undefined>(
        (before, part) => follow(before, { ...run, events: steps(...part) }),
        undefined,
      )
      ?.steps.map(({ id }) => id);

  test('late and repeated events are put in order', () => {
    expect(ids([[1, 2], [5, 4], [2, 3], []])).toEqual([1, 2, 3, 4, 5]);
  });

  test('what follows a gap is asked for again', () => {
    expect(completeUpTo(steps())).toBe(0);
    expect(completeUpTo(steps(1, 2, 3))).toBe(3);
    expect(completeUpTo(steps(1, 2, 5))).toBe(2);
  });

  test('an answer with events that are known already is no news', () => {
    const first = follow(undefined, { ...run, events: steps(1, 2) });
    expect(first.hasNews).toBe(true);
    expect(follow(first, { ...run, events: [] }).hasNews).toBe(false);
    expect(follow(first, { ...run, events: steps(2) }).hasNews).toBe(false);
    expect(follow(first, { ...run, events: steps(2, 3) }).hasNews).toBe(true);
  });
});
