import { randomUUID } from 'node:crypto';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  StartExecutionCommand,
  StartSyncExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Context } from '../context.ts';
import { readRun, strayStepsOf } from '../logged-run.ts';
import { answerTo, type Scenario } from '../scenario.ts';

const MAX_STATE_BYTES = 262_144;

/** At most one batch: other due events are published a little earlier than they would be anyway. */
const oneBatch = { loopSeconds: 0, lingerSeconds: 0 };

export const runProcessor = async ({ stepFunctions, target }: Context, input: object = oneBatch) =>
  stepFunctions.send(
    new StartSyncExecutionCommand({
      stateMachineArn: target.need('processorArn'),
      input: JSON.stringify(input),
    }),
  );

/** A JSON text of exactly this many bytes. */
const padded = (bytes: number) => `{"pad":"${'x'.repeat(bytes - '{"pad":""}'.length)}"}`;

const redriveEnd = async ({ stepFunctions, until }: Context, executionArn: string) =>
  until(async () => {
    const execution = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
    return execution.status === 'RUNNING' ? undefined : execution;
  });

export const runs: readonly Scenario[] = [
  {
    id: 'run',
    sentence: 'StartSyncExecution runs the processor and answers with its totals.',
    needs: [],
    expected: { httpStatus: 200, status: 'SUCCEEDED', totals: 'numbers', outputIncluded: true, billed: true },
    async observe(context) {
      const { $metadata, status = '', output = '{}', ...answer } = await runProcessor(context);
      const totals = Object.values(JSON.parse(output) as Record<string, unknown>);
      return {
        httpStatus: $metadata.httpStatusCode ?? 0,
        status,
        totals: totals.length > 0 && totals.every(Number.isInteger) ? 'numbers' : output,
        outputIncluded: answer.outputDetails?.included ?? false,
        billed: (answer.billingDetails?.billedDurationInMilliseconds ?? 0) > 0,
      };
    },
  },
  {
    id: 'order-of-states',
    sentence: 'The history of a run is in its log group, and its states follow the arrows of the definition.',
    needs: [],
    expected: {
      first: 'ExecutionStarted',
      states: ['Begin run', 'Begin batch', 'Fetch batch', 'Anything due?'],
      lastState: 'Done',
      stray: [],
      last: 'ExecutionSucceeded',
    },
    async observe(context) {
      const { executionArn = '' } = await runProcessor(context);
      const run = await readRun(context, executionArn);
      return {
        first: run.types[0] ?? '',
        states: run.states.slice(0, 4),
        lastState: run.states.at(-1) ?? '',
        stray: await strayStepsOf(context, run),
        last: run.types.at(-1) ?? '',
      };
    },
  },
  {
    id: 'failed-run',
    sentence: 'StartSyncExecution answers 200 for a run that failed, with its error, which the log has too.',
    needs: ['disturb'],
    expected: {
      httpStatus: 200,
      status: 'FAILED',
      error: 'States.QueryEvaluationError',
      last: 'ExecutionFailed',
    },
    async observe(context) {
      const {
        $metadata,
        executionArn = '',
        status,
        error,
      } = await runProcessor(context, { loopSeconds: 'x' });
      const { types } = await readRun(context, executionArn);
      return {
        httpStatus: $metadata.httpStatusCode ?? 0,
        status: status ?? '',
        error: error ?? '',
        last: types.at(-1) ?? '',
      };
    },
  },
  {
    id: 'express-refusals',
    sentence:
      'What only Standard executions have is refused for Express, and StartSyncExecution for Standard.',
    needs: [],
    expected: {
      describe: 'InvalidArn',
      history: 'InvalidArn',
      list: 'StateMachineTypeNotSupported',
      syncOfStandard: 'StateMachineTypeNotSupported',
    },
    async observe(context) {
      const { stepFunctions, target } = context;
      const { executionArn = '' } = await runProcessor(context);
      const stateMachineArn = target.need('processorArn');
      const redrive = { stateMachineArn: target.need('redriveArn'), input: '{}' };
      return {
        describe: await answerTo(stepFunctions.send(new DescribeExecutionCommand({ executionArn }))),
        history: await answerTo(stepFunctions.send(new GetExecutionHistoryCommand({ executionArn }))),
        list: await answerTo(stepFunctions.send(new ListExecutionsCommand({ stateMachineArn }))),
        syncOfStandard: await answerTo(stepFunctions.send(new StartSyncExecutionCommand(redrive))),
      };
    },
  },
  {
    id: 'execution-input',
    sentence:
      'An execution is started with up to 262,144 bytes of input; a name that was used is not used again.',
    needs: [],
    expected: {
      tooLarge: 'InvalidExecutionInput',
      noJson: 'InvalidExecutionInput',
      nameAgain: 'ExecutionAlreadyExists',
    },
    async observe(context) {
      const { stepFunctions, target } = context;
      const start = (input: string, name: string = randomUUID()) =>
        answerTo(
          stepFunctions.send(
            new StartExecutionCommand({ stateMachineArn: target.need('redriveArn'), input, name }),
          ),
        );
      const name = `certify-${randomUUID()}`;
      await start('{}', name);
      return {
        tooLarge: await start(padded(MAX_STATE_BYTES + 1)),
        noJson: await start('{'),
        nameAgain: await start('{"dryRun": true}', name),
      };
    },
  },
  {
    id: 'state-limit',
    sentence: 'Arguments of a Task that exceed 256 KiB fail the execution with States.DataLimitExceeded.',
    needs: [],
    expected: { status: 'FAILED', error: 'States.DataLimitExceeded' },
    async observe(context) {
      const arn = await context.startRedrive(JSON.parse(padded(MAX_STATE_BYTES)) as object);
      const { status = '', error = '' } = await redriveEnd(context, arn);
      return { status, error };
    },
  },
  {
    id: 'error-names',
    sentence:
      'An error that a function throws has its own name in the state machine, where MaxAttempts 0 keeps it from being tried again; the execution can be redriven.',
    needs: [],
    expected: {
      status: 'FAILED',
      error: 'InvalidRedriveRequest',
      causeIsJson: true,
      tries: 1,
      redriveStatus: 'REDRIVABLE',
    },
    async observe(context) {
      const executionArn = await context.startRedrive({});
      const {
        status = '',
        error = '',
        cause = '',
        redriveStatus = '',
      } = await redriveEnd(context, executionArn);
      const { events = [] } = await context.stepFunctions.send(
        new GetExecutionHistoryCommand({ executionArn }),
      );
      return {
        status,
        error,
        causeIsJson: cause.startsWith('{"errorType":"InvalidRedriveRequest"'),
        tries: events.filter(({ type }) => type === 'TaskScheduled').length,
        redriveStatus,
      };
    },
  },
];
