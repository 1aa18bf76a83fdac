import { expect, jest, test } from '@jest/globals';
import { AwsError } from '../../local/aws-error.ts';
import type { Lambda } from '../../local/lambda/lambda.ts';
import type { Authorize } from '../../local/policies.ts';
import {
  createIntegrations,
  type Integration,
  LAMBDA_INVOKE,
  START_SYNC_EXECUTION,
} from '../../local/task-integrations.ts';

const caller = { roleArn: 'arn:role', session: 'a run' };
const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:work';
const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:run';

const invoke = jest.fn<Lambda['invoke']>();
const startSync = jest.fn<Parameters<typeof createIntegrations>[1]>();
const refuse: Authorize = (_, action, resource, status) => {
  throw new AwsError('AccessDeniedException', `${action} on ${resource}`, status);
};
const perform = (resource: string, parameters: object, authorize: Authorize) => {
  const lambda = { invoke } as unknown as Lambda;
  const integration = createIntegrations(lambda, startSync, authorize)[resource] as Integration;
  return integration(parameters, caller, new AbortController().signal);
};

test.each([
  ['by its name', 'work', functionArn],
  ['by a version of its ARN', `${functionArn}:1`, `${functionArn}:1`],
])('a function that may not be invoked, called %s', async (_, FunctionName, resource) => {
  await expect(perform(LAMBDA_INVOKE, { FunctionName }, refuse)).rejects.toMatchObject({
    error: 'Lambda.AWSLambdaException',
    errorCause: `lambda:InvokeFunction on ${resource}`,
  });
  expect(invoke).not.toHaveBeenCalled();
});

test('a state machine that may not be started', async () => {
  const call = perform(START_SYNC_EXECUTION, { StateMachineArn: stateMachineArn }, refuse);

  await expect(call).rejects.toMatchObject({
    error: 'Sfn.SfnException',
    errorCause: `states:StartSyncExecution on ${stateMachineArn}`,
  });
  expect(startSync).not.toHaveBeenCalled();
});

test.each([
  [LAMBDA_INVOKE, 'TooManyRequestsException', 'Lambda.TooManyRequestsException'],
  [START_SYNC_EXECUTION, 'StateMachineDoesNotExist', 'Sfn.StateMachineDoesNotExistException'],
])('%s gives %s the prefix of its service', async (resource, code, error) => {
  const failure = new AwsError(code, 'why');
  invoke.mockRejectedValue(failure);
  startSync.mockRejectedValue(failure);

  const parameters = { FunctionName: 'work', StateMachineArn: stateMachineArn };
  const call = perform(resource, parameters, () => undefined);

  await expect(call).rejects.toMatchObject({ error, errorCause: 'why' });
});
