import { describe, expect, test } from '@jest/globals';
import type { HistoryEvent, TaskInvoker } from '../../../../../twin/services/step-functions/asl/run.ts';
import { TaskError } from '../../../../../twin/services/step-functions/asl/task-error.ts';
import { machine, simulate } from './simulation.ts';

const resource = 'arn:aws:states:::lambda:invoke';
const types = (events: readonly HistoryEvent[]): string[] => events.map(({ type }) => type);

describe('execution history', () => {
  test('the history of a Task with a retry has the events of Step Functions', async () => {
    let calls = 0;
    const invoke: TaskInvoker = async () => {
      if (++calls === 1) throw new TaskError('Oops', 'why');
      return { ok: true };
    };
    const definition = machine({
      Try: {
        Type: 'Task',
        Resource: resource,
        Arguments: { a: '{% $states.input %}' },
        TimeoutSeconds: 5,
        Retry: [{ ErrorEquals: ['Oops'] }],
        Assign: { seen: '{% $states.result.ok %}' },
        Output: 'done',
        End: true,
      },
    });
    const { events } = await simulate(definition, {
      input: 1,
      invoke,
      context: { Execution: { RoleArn: 'arn:role' } },
    });
    const service = { resourceType: 'lambda', resource: 'invoke' };
    const scheduled = {
      taskScheduledEventDetails: { ...service, parameters: { a: 1 }, timeoutInSeconds: 5 },
    };
    expect(events.map(({ id, previousEventId, timestamp, ...rest }) => rest)).toEqual([
      { type: 'ExecutionStarted', executionStartedEventDetails: { input: 1, roleArn: 'arn:role' } },
      { type: 'TaskStateEntered', stateEnteredEventDetails: { name: 'Try', input: 1 } },
      { type: 'TaskScheduled', ...scheduled },
      { type: 'TaskStarted', taskStartedEventDetails: service },
      { type: 'TaskFailed', taskFailedEventDetails: { ...service, error: 'Oops', cause: 'why' } },
      { type: 'TaskScheduled', ...scheduled },
      { type: 'TaskStarted', taskStartedEventDetails: service },
      { type: 'TaskSucceeded', taskSucceededEventDetails: { ...service, output: { ok: true } } },
      {
        type: 'TaskStateExited',
        stateExitedEventDetails: { name: 'Try', output: 'done', assignedVariables: { seen: true } },
      },
      { type: 'ExecutionSucceeded', executionSucceededEventDetails: { output: 'done' } },
    ]);
    expect(events.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(events.map(({ previousEventId }) => previousEventId)).toEqual([0, 0, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(events[0]?.timestamp).toEqual(new Date('2026-11-23T12:00:00Z'));
  });

  test('the history links the events of each Map iteration in its own chain', async () => {
    const definition = machine({
      Each: {
        Type: 'Map',
        ItemProcessor: { StartAt: 'A', States: { A: { Type: 'Task', Resource: resource, End: true } } },
        Next: 'Done',
      },
      Done: { Type: 'Succeed' },
    });
    const { events } = await simulate(definition, { input: ['a', 'b'] });
    const byId = new Map(events.map((event) => [event.id, event]));
    const chains = events
      .filter(({ type }) => type === 'MapIterationSucceeded')
      .map((last) => {
        const chain: string[] = [];
        for (let event: HistoryEvent | undefined = last; event; event = byId.get(event.previousEventId))
          chain.unshift(`${event.type} ${event.mapIterationStartedEventDetails?.['index'] ?? ''}`.trim());
        return chain;
      });
    const chain = (index: number): string[] => [
      'MapStateEntered',
      'MapStateStarted',
      `MapIterationStarted ${index}`,
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSucceeded',
      'TaskStateExited',
      'MapIterationSucceeded',
    ];
    expect(chains).toEqual([chain(0), chain(1)]);
    expect(types(events).slice(-5)).toEqual([
      'MapStateSucceeded',
      'MapStateExited',
      'SucceedStateEntered',
      'SucceedStateExited',
      'ExecutionSucceeded',
    ]);
    expect(events.find(({ type }) => type === 'MapStateStarted')?.mapStateStartedEventDetails).toEqual({
      length: 2,
    });
  });

  test('the history has the place of a failed evaluation only once, also inside a Map', async () => {
    const definition = machine({
      Each: {
        Type: 'Map',
        ItemProcessor: {
          StartAt: 'A',
          States: { A: { Type: 'Pass', Output: { x: '{% $states.input.no %}' }, End: true } },
        },
        End: true,
      },
    });
    const { events, outcome } = await simulate(definition, { input: [{}] });
    const failures = events.filter(({ type }) => type === 'EvaluationFailed');
    expect(failures.map(({ evaluationFailedEventDetails }) => evaluationFailedEventDetails)).toEqual([
      {
        state: 'A',
        location: 'Output/x',
        error: 'States.QueryEvaluationError',
        cause: 'cause' in outcome ? outcome.cause : undefined,
      },
    ]);
    expect(types(events).slice(-3)).toEqual(['MapIterationFailed', 'MapStateFailed', 'ExecutionFailed']);
  });

  test('the history has the type of every state in its events', async () => {
    const definition = machine({
      A: { Type: 'Pass', Next: 'B' },
      B: { Type: 'Wait', Seconds: 1, Next: 'C' },
      C: { Type: 'Choice', Choices: [{ Condition: '{% true %}', Next: 'D' }] },
      D: { Type: 'Fail', Error: 'Sad', Cause: 'so' },
    });
    const { events } = await simulate(definition);
    expect(types(events)).toEqual([
      'ExecutionStarted',
      'PassStateEntered',
      'PassStateExited',
      'WaitStateEntered',
      'WaitStateExited',
      'ChoiceStateEntered',
      'ChoiceStateExited',
      'FailStateEntered',
      'ExecutionFailed',
    ]);
    expect(events.at(-1)?.executionFailedEventDetails).toEqual({ error: 'Sad', cause: 'so' });
  });

  test('a failed evaluation follows the event before its state', async () => {
    const definition = machine({
      A: { Type: 'Pass', Next: 'B' },
      B: { Type: 'Pass', Output: '{% $states.input.no %}', End: true },
    });
    const { events } = await simulate(definition);
    expect(events.slice(-3)).toMatchObject([
      { id: 4, previousEventId: 3, type: 'PassStateEntered' },
      { id: 5, previousEventId: 3, type: 'EvaluationFailed' },
      { id: 6, previousEventId: 5, type: 'ExecutionFailed' },
    ]);
  });
});

describe('redrive of an execution', () => {
  const definition = machine({
    Begin: { Type: 'Pass', Assign: { token: '{% $uuid() %}' }, Next: 'Try' },
    Try: { Type: 'Task', Resource: resource, Output: '{% $token %}', End: true },
  });

  test('a redrive continues at the failed state with its input and variables', async () => {
    const failing = async (): Promise<unknown> => {
      throw new TaskError('Oops', 'why');
    };
    const { outcome, events } = await simulate(definition, { input: { a: 1 }, invoke: failing });
    const resumeFrom = 'failedAt' in outcome ? outcome.failedAt : undefined;
    expect(resumeFrom).toEqual({ state: 'Try', input: { a: 1 }, variables: { token: expect.any(String) } });

    const again = await simulate(definition, { input: { a: 1 }, resumeFrom, lastEventId: events.length });
    expect(again.outcome).toEqual({ status: 'SUCCEEDED', output: resumeFrom?.variables['token'] });
    expect(types(again.events).slice(0, 2)).toEqual(['ExecutionRedriven', 'TaskStateEntered']);
    expect(again.events[0]).toMatchObject({ id: events.length + 1, previousEventId: events.length });
  });
});
