import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  type SFNClient,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, describe, expect, test } from '@jest/globals';
import { clientOptions } from '../support/local-aws.ts';
import type { TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

let twin: TwinProcess;
let stepFunctions: SFNClient;
let lambda: LambdaClient;
let processor: string;

useTwin((underTest) => {
  ({ twin, stepFunctions } = underTest);
  lambda = new LambdaClient(clientOptions(twin.url));
  processor = twin.health.stateMachines['outbox-processor'] ?? '';
});
afterAll(() => {
  lambda?.destroy();
});

describe('Step Functions client', () => {
  test('a synchronous execution of the processor returns its summary', async () => {
    const answer = await stepFunctions.send(
      new StartSyncExecutionCommand({ stateMachineArn: processor, input: '{}' }),
    );

    expect(answer.status).toBe('SUCCEEDED');
    expect(JSON.parse(answer.output ?? '')).toEqual({
      claimed: 0,
      published: 0,
      failed: 0,
      failedForGood: 0,
      batches: 0,
    });
  });

  test('an Express execution can be started, but not described, stopped or listed, as on AWS', async () => {
    const { executionArn = '' } = await stepFunctions.send(
      new StartExecutionCommand({ stateMachineArn: processor }),
    );

    expect(executionArn).toMatch(/^arn:aws:states:us-east-1:000000000000:express:outbox-processor:/);
    const about = [
      stepFunctions.send(new DescribeExecutionCommand({ executionArn })),
      stepFunctions.send(new GetExecutionHistoryCommand({ executionArn })),
      stepFunctions.send(new StopExecutionCommand({ executionArn })),
      stepFunctions.send(new ListExecutionsCommand({ stateMachineArn: processor })),
    ];
    const refusals = await Promise.allSettled(about);
    expect(refusals.map((refusal) => 'reason' in refusal && refusal.reason.name)).toEqual([
      'InvalidArn',
      'InvalidArn',
      'InvalidArn',
      'StateMachineTypeNotSupported',
    ]);
  });

  test('the history of an Express execution is in its log, as on AWS', async () => {
    const { executionArn = '' } = await stepFunctions.send(
      new StartSyncExecutionCommand({ stateMachineArn: processor }),
    );

    const response = await fetch(twin.url, {
      method: 'POST',
      headers: { 'X-Amz-Target': 'Logs_20140328.FilterLogEvents' },
      body: JSON.stringify({
        logGroupName: '/aws/vendedlogs/states/outbox-processor',
        filterPattern: `{ $.execution_arn = "${executionArn}" }`,
      }),
    });

    const { events } = (await response.json()) as { events: { message: string }[] };
    const logged = events.map(({ message }) => JSON.parse(message) as Record<string, unknown>);
    expect(logged[0]).toMatchObject({ id: '1', type: 'ExecutionStarted', execution_arn: executionArn });
    expect(logged.at(-1)).toMatchObject({
      type: 'ExecutionSucceeded',
      details: { outputDetails: { truncated: false } },
    });
  });

  test('an unknown state machine and an input that is not JSON are refused with the error name of AWS', async () => {
    const unknown = stepFunctions.send(new StartExecutionCommand({ stateMachineArn: `${processor}x` }));
    await expect(unknown).rejects.toMatchObject({ name: 'StateMachineDoesNotExist' });
    const broken = stepFunctions.send(new StartExecutionCommand({ stateMachineArn: processor, input: '{' }));
    await expect(broken).rejects.toMatchObject({ name: 'InvalidExecutionInput' });
  });

  test('the state machines can be listed', async () => {
    const { stateMachines = [] } = await stepFunctions.send(new ListStateMachinesCommand({}));
    expect(stateMachines).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'outbox-processor', type: 'EXPRESS' })]),
    );
  });
});

describe('Lambda client', () => {
  test('a function can be invoked by its name', async () => {
    const payload = JSON.stringify({ leaseToken: '7f1ff7b4-4b7c-4b62-9d4f-2f60f57d9d6b', runId: 'a test' });

    const answer = await lambda.send(
      new InvokeCommand({ FunctionName: 'outbox-fetch-batch', Payload: payload }),
    );

    expect(answer.FunctionError).toBeUndefined();
    expect(JSON.parse(Buffer.from(answer.Payload ?? []).toString())).toEqual({
      events: [],
      more: false,
      failedForGood: 0,
      paused: false,
      reclaimed: 0,
    });
  });

  test('an error thrown by a function is returned in the form of the Node.js runtime', async () => {
    const answer = await lambda.send(
      new InvokeCommand({
        FunctionName: 'outbox-fetch-batch',
        Payload: JSON.stringify({ leaseToken: 'no uuid', runId: 'a test' }),
      }),
    );

    expect(answer.FunctionError).toBe('Unhandled');
    expect(JSON.parse(Buffer.from(answer.Payload ?? []).toString())).toMatchObject({
      errorType: 'DatabaseRefused',
      errorMessage: expect.stringContaining('SQLState: 22P02'),
    });
  });

  test('an unknown function is refused with the error name of AWS', async () => {
    const call = lambda.send(new InvokeCommand({ FunctionName: 'outbox-nothing' }));
    await expect(call).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('CloudFormation client', () => {
  const describeStack = async (StackName?: string) => {
    const client = new CloudFormationClient(clientOptions(twin.url));
    try {
      return await client.send(new DescribeStacksCommand({ StackName }));
    } finally {
      client.destroy();
    }
  };

  test('the stack has the outputs of its template', async () => {
    const [stack, ...others] = (await describeStack('outbox')).Stacks ?? [];

    expect(others).toEqual([]);
    expect(stack?.Outputs).toContainEqual({ OutputKey: 'ProcessorArn', OutputValue: processor });
    expect((await describeStack()).Stacks?.[0]?.StackName).toBe('outbox');
  });

  test('there is no other stack', async () => {
    await expect(describeStack('<inbox> & co')).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Stack with id <inbox> & co does not exist',
    });
  });
});

test('the alarms of the template have no data', async () => {
  const client = new CloudWatchClient(clientOptions(twin.url));
  const all = await client.send(new DescribeAlarmsCommand({ AlarmNamePrefix: 'outbox-' }));
  const one = await client.send(new DescribeAlarmsCommand({ AlarmNames: ['outbox-events-failed'] }));
  const ringing = await client.send(new DescribeAlarmsCommand({ StateValue: 'ALARM' }));
  client.destroy();

  expect(all.MetricAlarms?.length).toBeGreaterThan(5);
  expect(new Set(all.MetricAlarms?.map(({ StateValue }) => StateValue))).toEqual(
    new Set(['INSUFFICIENT_DATA']),
  );
  expect(one.MetricAlarms).toMatchObject([{ AlarmDescription: expect.stringContaining('Do events wait') }]);
  expect(ringing.MetricAlarms).toEqual([]);
});
