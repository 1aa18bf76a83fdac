import { afterEach, describe, expect, test } from '@jest/globals';
import { createFaults } from '../../../../twin/faults/faults.ts';
import { createHeldCalls } from '../../../../twin/faults/held-calls.ts';
import { RequestBody } from '../../../../twin/http/request.ts';
import { createPace } from '../../../../twin/pace.ts';
import type { Lambda } from '../../../../twin/services/lambda/invoke.ts';
import { createExecutionRunner } from '../../../../twin/services/step-functions/execution-runner.ts';
import { createStepFunctions } from '../../../../twin/services/step-functions/step-functions.ts';
import type { StateMachineResource } from '../../../../twin/template/state-machine.ts';
import { machine } from './asl/simulation.ts';

const prefix = 'arn:aws:states:us-east-1:000000000000';
const resource = (name: string, type: StateMachineResource['type'], definition: string) => ({
  name,
  type,
  definition,
  arn: `${prefix}:stateMachine:${name}`,
  roleArn: 'arn:role',
});
const context = machine({ Only: { Type: 'Pass', Output: '{% $states.context.Execution %}', End: true } });
const pace = createPace(1);
const faults = createFaults([], createHeldCalls(0, pace));
const runner = createExecutionRunner(
  [
    resource('quick', 'EXPRESS', context),
    resource('failing', 'EXPRESS', machine({ Only: { Type: 'Fail', Error: 'Sad' } })),
    resource('slow', 'STANDARD', machine({ Wait: { Type: 'Wait', Seconds: 3_600, End: true } })),
    resource('standard', 'STANDARD', context),
  ],
  {} as Lambda,
  faults,
  () => undefined,
  pace,
);
const operations = createStepFunctions(runner);
type Answer = Record<string, unknown>;
const call = (operation: string, request: object): Promise<Answer> => {
  const perform = operations[operation];
  if (perform === undefined) throw new Error(`no operation ${operation}`);
  return perform(new RequestBody(request)) as Promise<Answer>;
};
const arnOf = (name: string) => `${prefix}:stateMachine:${name}`;
const start = (name: string, more: object = {}) =>
  call('StartExecution', { stateMachineArn: arnOf(name), ...more });
const ended = async (name: string): Promise<string> => {
  const { executionArn } = await start(name);
  await runner.idle();
  return String(executionArn);
};

afterEach(runner.stop);

describe('StartExecution of a Standard machine', () => {
  test('starting a running execution again with the same name and input returns that execution', async () => {
    const first = await start('slow', { name: 'one', input: '{"a": 1}' });
    const second = await start('slow', { name: 'one', input: '{"a":1}' });

    expect(second).toEqual(first);
    const { executions } = await call('ListExecutions', { stateMachineArn: arnOf('slow') });
    expect(executions).toHaveLength(1);
  });

  test('a name is refused with another input or after the execution has ended', async () => {
    const refused = {
      code: 'ExecutionAlreadyExists',
      message: `Execution Already Exists: '${prefix}:execution:slow:two'`,
    };
    const { executionArn } = await start('slow', { name: 'two', input: '1' });
    await expect(start('slow', { name: 'two', input: '2' })).rejects.toMatchObject(refused);

    await call('StopExecution', { executionArn });
    await expect(start('slow', { name: 'two', input: '1' })).rejects.toMatchObject(refused);
  });

  test.each(['a b', 'a:b', 'a#', '', 'a\u0007', 'x'.repeat(81)])(
    'the execution name %j is refused',
    async (name) => {
      await expect(start('slow', { name })).rejects.toMatchObject({
        code: 'InvalidName',
        message: `Invalid Name: '${name}'`,
      });
    },
  );
});

test('an Express machine starts a new execution for every call, also with the same name', async () => {
  const [first, second] = [await start('quick', { name: 'one' }), await start('quick', { name: 'one' })];
  expect(first['executionArn']).not.toBe(second['executionArn']);
});

describe('execution ARN', () => {
  const express = `${prefix}:express:quick:one:1`;

  test.each(['DescribeExecution', 'GetExecutionHistory', 'StopExecution', 'RedriveExecution'])(
    'the ARN of an Express execution is invalid for %s',
    async (operation) => {
      await expect(call(operation, { executionArn: express })).rejects.toMatchObject({
        code: 'InvalidArn',
        status: 400,
        message: "Invalid Arn: 'Resource type not valid in this context: express'",
      });
    },
  );

  test('a malformed ARN is invalid', async () => {
    await expect(call('DescribeExecution', { executionArn: 'one' })).rejects.toMatchObject({
      code: 'InvalidArn',
      message: "Invalid Arn: 'Invalid ARN prefix: one'",
    });
  });

  test('the ARN of an unknown execution is refused as non-existent', async () => {
    const executionArn = `${prefix}:execution:slow:none`;
    await expect(call('DescribeExecution', { executionArn })).rejects.toMatchObject({
      code: 'ExecutionDoesNotExist',
    });
  });
});

describe('DescribeExecution', () => {
  test('DescribeExecution says that a successful execution cannot be redriven', async () => {
    const executionArn = await ended('standard');

    expect(await call('DescribeExecution', { executionArn })).toEqual({
      executionArn,
      stateMachineArn: arnOf('standard'),
      name: expect.any(String),
      status: 'SUCCEEDED',
      startDate: expect.any(Number),
      stopDate: expect.any(Number),
      input: '{}',
      inputDetails: { included: true },
      output: expect.stringContaining('"RedriveCount":0'),
      outputDetails: { included: true },
      redriveCount: 0,
      redriveStatus: 'NOT_REDRIVABLE',
      redriveStatusReason: 'Execution is SUCCEEDED and cannot be redriven',
    });
    await expect(call('RedriveExecution', { executionArn })).rejects.toMatchObject({
      code: 'ExecutionNotRedrivable',
      message: 'Execution is SUCCEEDED and cannot be redriven',
    });
  });

  test('DescribeExecution says that a stopped execution can be redriven', async () => {
    const { executionArn } = await start('slow');
    expect(await call('DescribeExecution', { executionArn })).toMatchObject({
      status: 'RUNNING',
      redriveStatus: 'NOT_REDRIVABLE',
      redriveStatusReason: 'Execution is RUNNING and cannot be redriven',
    });

    await call('StopExecution', { executionArn, error: 'Enough' });

    const stopped = await call('DescribeExecution', { executionArn });
    expect(stopped).toMatchObject({ status: 'ABORTED', error: 'Enough', redriveStatus: 'REDRIVABLE' });
    for (const absent of ['cause', 'output', 'outputDetails', 'redriveStatusReason', 'redriveDate'])
      expect(stopped).not.toHaveProperty(absent);

    await call('RedriveExecution', { executionArn });
    expect(await call('DescribeExecution', { executionArn })).toMatchObject({
      redriveCount: 1,
      redriveDate: expect.any(Number),
    });
  });

  test('DescribeExecution leaves the data out when only metadata is requested', async () => {
    const executionArn = await ended('standard');
    const described = await call('DescribeExecution', { executionArn, includedData: 'METADATA_ONLY' });
    expect(described).toMatchObject({
      inputDetails: { included: false },
      outputDetails: { included: false },
    });
    expect(described).not.toHaveProperty('input');
    expect(described).not.toHaveProperty('output');
  });
});

describe('StartSyncExecution', () => {
  const startSync = (name: string) =>
    call('StartSyncExecution', { stateMachineArn: arnOf(name), name: 'run' });

  test('StartSyncExecution returns the outcome and the billing, and nothing about redrives', async () => {
    const answer = await startSync('quick');

    expect(answer).toEqual({
      executionArn: expect.stringContaining(':express:quick:run:'),
      stateMachineArn: arnOf('quick'),
      name: 'run',
      status: 'SUCCEEDED',
      startDate: expect.any(Number),
      stopDate: expect.any(Number),
      input: '{}',
      inputDetails: { included: true },
      output: expect.any(String),
      outputDetails: { included: true },
      billingDetails: { billedDurationInMilliseconds: expect.any(Number), billedMemoryUsedInMB: 64 },
    });
    const seen = JSON.parse(String(answer['output'])) as object;
    expect(Object.keys(seen)).toEqual(['Id', 'Name', 'StartTime', 'Input', 'RoleArn']);
  });

  test('StartSyncExecution returns a failure without the fields that it does not have', async () => {
    const answer = await startSync('failing');
    expect(answer).toMatchObject({ status: 'FAILED', error: 'Sad', outputDetails: { included: true } });
    expect(answer).not.toHaveProperty('cause');
    expect(answer).not.toHaveProperty('output');
  });

  test('StartSyncExecution is refused for a Standard machine', async () => {
    await expect(startSync('standard')).rejects.toMatchObject({ code: 'StateMachineTypeNotSupported' });
  });
});

test('a definition with a mistake is refused before anything starts', () => {
  const definition = machine({ A: { Type: 'Pass', Output: '{% $tokn %}', End: true } });
  const refused = () =>
    createExecutionRunner(
      [resource('wrong', 'EXPRESS', definition)],
      {} as Lambda,
      faults,
      () => undefined,
      pace,
    );
  expect(refused).toThrow('state machine wrong: state "A": "Output": no state assigns the variable "$tokn"');
});
