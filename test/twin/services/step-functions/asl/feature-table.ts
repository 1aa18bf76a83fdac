import { expect, test } from '@jest/globals';
import type { TaskInvoker } from '../../../../../twin/services/step-functions/asl/run.ts';
import { TaskError } from '../../../../../twin/services/step-functions/asl/task-error.ts';
import { machine, simulate } from './simulation.ts';

type Expected = { output: unknown } | { error: string | undefined; cause?: RegExp | string | undefined };

/** One fact about the language: the result of a definition for an input. */
export type Row = readonly [fact: string, definition: string, input: unknown, expected: Expected];

/** Creates a test for each fact. A cause that is a text or undefined is compared exactly. */
export function conforms(rows: readonly Row[]): void {
  test.each(rows)('%s', async (_fact, definition, input, expected) => {
    const { outcome } = await simulate(definition, { input: frozen(input), invoke });
    if ('output' in expected)
      return expect(outcome).toStrictEqual({ status: 'SUCCEEDED', output: expected.output });
    const { error, cause } = outcome as { error?: string; cause?: string };
    expect({ status: outcome.status, error }).toEqual({ status: 'FAILED', error: expected.error });
    if (expected.cause instanceof RegExp) expect(cause).toMatch(expected.cause);
    else if ('cause' in expected) expect(cause).toBe(expected.cause);
  });
}

/** JSONata can add markers to the arrays it receives; on a frozen value this would throw. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

/** More than 256 KiB. */
export const big = 'x'.repeat(262_145);

/** The tasks of these machines do what their arguments say. */
const invoke: TaskInvoker = async (_resource, args) => {
  const { fail, answer } = args as { fail?: [string, string?]; answer?: unknown };
  if (fail) throw new TaskError(...fail);
  return answer === 'large' ? big : answer;
};

export const lambdaInvoke = 'arn:aws:states:::lambda:invoke';
export const task = { Type: 'Task', Resource: lambdaInvoke, End: true };

/** One Pass state with this Output. */
export const pass = (output: unknown, more: object = {}): string =>
  machine({ Only: { Type: 'Pass', Output: output, End: true, ...more } });

/** A Task with these arguments and a Catch for these errors. */
export const guarded = (args: object, errorEquals: string[], more: object = {}): string =>
  machine({
    Try: {
      Type: 'Task',
      Resource: lambdaInvoke,
      Arguments: args,
      Catch: [{ ErrorEquals: errorEquals, Next: 'Caught', ...more }],
      End: true,
    },
    Caught: { Type: 'Pass', End: true },
  });

/** A Map over these states, and the states after it. */
export const mapped = (
  states: Record<string, object>,
  more: object = {},
  after: Record<string, object> = {},
): string =>
  machine({
    Each: {
      Type: 'Map',
      ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, StartAt: Object.keys(states)[0], States: states },
      ...(Object.keys(after).length > 0 ? { Next: Object.keys(after)[0] } : { End: true }),
      ...more,
    },
    ...after,
  });
