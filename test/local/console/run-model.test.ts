import { beforeAll, describe, expect, test } from '@jest/globals';
import { readRun } from '../../../local/console-runs.ts';
import type { HistoryEvent, TaskInvoker } from '../../../twin/services/step-functions/asl/run.ts';
import { TaskError } from '../../../twin/services/step-functions/asl/task-error.ts';
import { type ExecutionRecord, Executions } from '../../../twin/services/step-functions/executions.ts';
import { lambdaInvoke, mapped, task } from '../../twin/services/step-functions/asl/feature-table.ts';
import { machine, simulate } from '../../twin/services/step-functions/asl/simulation.ts';

interface Visit {
  readonly state: string;
  readonly status: string;
  readonly tries: number;
  readonly iteration?: number;
  readonly map?: object;
}
interface Model {
  readonly visits: readonly Visit[];
  readonly taken: ReadonlySet<string>;
  add(events: readonly object[]): void;
}

let runModel: () => Model;
beforeAll(async () => {
  // The page's own file: a browser module without types.
  const file = new URL('../../../local/console/run-model.js', import.meta.url).href;
  ({ runModel } = (await import(file)) as { runModel: () => Model });
});

/** The model that the page builds from the history that the twin returns. */
async function modelOf(definition: string, input: unknown, invoke?: TaskInvoker): Promise<Model> {
  const { events } = await simulate(definition, { input, ...(invoke && { invoke }) });
  const model = runModel();
  model.add(asShown(events));
  return model;
}

function asShown(history: readonly HistoryEvent[]): readonly object[] {
  const executions = new Executions();
  const record = { executionArn: 'arn', stateMachineArn: 'arn:machine', status: 'SUCCEEDED', history };
  executions.add(record as unknown as ExecutionRecord);
  return (readRun(executions, 'arn', 0) as { events: object[] }).events;
}

const told = ({ visits }: Model): string[] =>
  visits.map(({ state, status, iteration }) =>
    [state, iteration === undefined ? '' : `of item ${iteration}`, status].filter(Boolean).join(' '),
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
});
