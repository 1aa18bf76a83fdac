import { describe, expect, jest, test } from '@jest/globals';
import { AwsError } from '../../../../twin/http/aws-error.ts';
import type { Authorize } from '../../../../twin/services/iam/authorize.ts';
import type { Lambda } from '../../../../twin/services/lambda/invoke.ts';
import type { ExecutionRecord } from '../../../../twin/services/step-functions/executions.ts';
import {
  createIntegrations,
  type Integration,
  LAMBDA_INVOKE,
  START_SYNC_EXECUTION,
} from '../../../../twin/services/step-functions/task-integrations.ts';

const caller = { roleArn: 'arn:role', session: 'a run' };
const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:work';
const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:run';
const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';

const invoke = jest.fn<Lambda['invoke']>();
const startSync = jest.fn<Parameters<typeof createIntegrations>[1]>();
const allow: Authorize = () => undefined;
const refuse: Authorize = (_, action, resource, status) => {
  throw new AwsError('AccessDeniedException', `${action} on ${resource}`, status);
};
const perform = (resource: string, parameters: object, authorize = allow) => {
  const lambda = { invoke } as unknown as Lambda;
  const integration = createIntegrations(lambda, startSync, authorize)[resource] as Integration;
  return integration(parameters, caller, new AbortController().signal);
};

describe('lambda:invoke', () => {
  test.each<[string, unknown, string]>([
    ['an object', { a: [1] }, '{"a":[1]}'],
    ['text', 'Hello', '"Hello"'],
    ['text that holds an object', '{"a": 1}', '{"a": 1}'],
    ['text that holds text', '"Hello"', '"Hello"'],
    ['text that holds a number', '0.0', '0.0'],
    ['text that holds null', 'null', 'null'],
    ['empty text', '', '""'],
    ['a number', 0, '0'],
    ['false', false, 'false'],
    ['null', null, '{}'],
    ['undefined', undefined, '{}'],
  ])('lambda:invoke sends a payload that is %s', async (_, Payload, sent) => {
    invoke.mockResolvedValue({ payload: '1' });

    await perform(LAMBDA_INVOKE, { FunctionName: 'work', Payload });

    expect(invoke).toHaveBeenLastCalledWith('work', sent, expect.anything());
  });

  test.each([
    ['work', '$LATEST'],
    [`${functionArn}:7`, '7'],
  ])(
    'lambda:invoke returns the status and headers of the HTTP call beside the payload: %s',
    async (FunctionName, version) => {
      invoke.mockResolvedValue({ payload: '{"a":"ä"}' });

      const result = await perform(LAMBDA_INVOKE, { FunctionName, Payload: {} });

      const headers = {
        'X-Amz-Executed-Version': version,
        'x-amzn-Remapped-Content-Length': '0',
        Connection: 'keep-alive',
        'x-amzn-RequestId': expect.stringMatching(uuid),
        'Content-Length': '10',
        Date: expect.stringMatching(/ GMT$/),
        'X-Amzn-Trace-Id': expect.stringMatching(
          /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0/,
        ),
        'Content-Type': 'application/json',
      };
      expect(result).toEqual({
        ExecutedVersion: version,
        Payload: { a: 'ä' },
        SdkHttpMetadata: {
          AllHttpHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
          HttpHeaders: headers,
          HttpStatusCode: 200,
        },
        SdkResponseMetadata: { RequestId: expect.stringMatching(uuid) },
        StatusCode: 200,
      });
      expect(JSON.stringify(result).length).toBeGreaterThan(850);
    },
  );

  test.each([
    ['by its name', 'work', functionArn],
    ['by an ARN with a version', `${functionArn}:1`, `${functionArn}:1`],
  ])(
    'lambda:invoke fails when the role may not invoke the function %s',
    async (_, FunctionName, resource) => {
      invoke.mockClear();
      await expect(perform(LAMBDA_INVOKE, { FunctionName }, refuse)).rejects.toMatchObject({
        error: 'Lambda.AWSLambdaException',
        errorCause: expect.stringContaining(`lambda:InvokeFunction on ${resource} (Service: AWSLambda; `),
      });
      expect(invoke).not.toHaveBeenCalled();
    },
  );

  test('lambda:invoke reports an error of the service in the form of version 1 of the AWS SDK for Java', async () => {
    invoke.mockRejectedValue(new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429));

    const call = perform(LAMBDA_INVOKE, { FunctionName: 'work' });

    await expect(call).rejects.toMatchObject({
      error: 'Lambda.TooManyRequestsException',
      errorCause: expect.stringMatching(
        `^Rate Exceeded\\. \\(Service: AWSLambda; Status Code: 429; Error Code: TooManyRequestsException; Request ID: ${uuid}; Proxy: null\\)$`,
      ),
    });
  });
});

describe('aws-sdk:sfn:startSyncExecution', () => {
  const ended = (outcome: Partial<ExecutionRecord>) =>
    startSync.mockResolvedValue({
      executionArn: 'arn:execution',
      stateMachineArn,
      name: 'run-1',
      startDate: new Date('2026-11-23T12:00:00Z'),
      stopDate: new Date('2026-11-23T12:00:00.201Z'),
      input: { a: 1 },
      ...outcome,
    } as ExecutionRecord);
  const known = {
    BillingDetails: { BilledDurationInMilliseconds: 300, BilledMemoryUsedInMB: 64 },
    ExecutionArn: 'arn:execution',
    Input: '{"a":1}',
    InputDetails: { Included: true },
    Name: 'run-1',
    OutputDetails: { Included: true },
    StartDate: '2026-11-23T12:00:00Z',
    StateMachineArn: stateMachineArn,
    StopDate: '2026-11-23T12:00:00.201Z',
  };

  test('aws-sdk:sfn:startSyncExecution returns the fields of the API in PascalCase', async () => {
    ended({ status: 'SUCCEEDED', output: [1] });

    const result = await perform(START_SYNC_EXECUTION, {
      StateMachineArn: stateMachineArn,
      Input: '{"a":1}',
    });

    expect(startSync).toHaveBeenLastCalledWith(stateMachineArn, '{"a":1}');
    expect(result).toEqual({ ...known, Status: 'SUCCEEDED', Output: '[1]' });
  });

  test.each([
    ['FAILED', 'FAILED'],
    ['TIMED_OUT', 'TIMED_OUT'],
    ['ABORTED', 'FAILED'],
  ] as const)(
    'aws-sdk:sfn:startSyncExecution also returns an execution that ended as %s',
    async (status, Status) => {
      ended({ status, error: 'Oops', cause: 'why' });

      const result = await perform(START_SYNC_EXECUTION, { StateMachineArn: stateMachineArn });

      expect(result).toEqual({ ...known, Status, Error: 'Oops', Cause: 'why' });
    },
  );

  test('aws-sdk:sfn:startSyncExecution fails when the role may not start the state machine', async () => {
    startSync.mockClear();
    const call = perform(START_SYNC_EXECUTION, { StateMachineArn: stateMachineArn }, refuse);

    await expect(call).rejects.toMatchObject({
      error: 'Sfn.SfnException',
      errorCause: expect.stringContaining(`states:StartSyncExecution on ${stateMachineArn} (Service: Sfn, `),
    });
    expect(startSync).not.toHaveBeenCalled();
  });

  test.each([
    ['StateMachineDoesNotExist', 'Sfn.StateMachineDoesNotExistException'],
    ['ValidationException', 'Sfn.ValidationException'],
  ])(
    'aws-sdk:sfn:startSyncExecution reports an error in the form of version 2 of the AWS SDK for Java: %s',
    async (code, error) => {
      startSync.mockRejectedValue(new AwsError(code, 'why'));

      const call = perform(START_SYNC_EXECUTION, { StateMachineArn: stateMachineArn });

      await expect(call).rejects.toMatchObject({
        error,
        errorCause: expect.stringMatching(`^why \\(Service: Sfn, Status Code: 400, Request ID: ${uuid}\\)$`),
      });
    },
  );
});
