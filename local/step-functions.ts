import { AwsError } from './aws-error.ts';
import type { Operations } from './endpoint.ts';
import type { ExecutionRunner } from './execution-runner.ts';
import { type ExecutionRecord, toHistoryEvent } from './executions.ts';
import type { RequestBody } from './request.ts';

/** Step Functions' API: refuses for Express what AWS refuses for Express. */
export function createStepFunctions(runner: ExecutionRunner): Operations {
  const { executions } = runner;

  function findExecution(request: RequestBody): ExecutionRecord {
    const arn = request.text('executionArn');
    if (arn.includes(':express:')) throw unsupportedType();
    const record = executions.get(arn);
    if (record === undefined) {
      throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    }
    return record;
  }

  const start = (request: RequestBody) =>
    runner.start(
      request.text('stateMachineArn'),
      request.optionalText('input') ?? '{}',
      request.optionalText('name'),
    );

  return {
    async StartExecution(request) {
      const { executionArn, startDate } = start(request);
      return { executionArn, startDate: seconds(startDate) };
    },
    async StartSyncExecution(request) {
      if (runner.find(request.text('stateMachineArn')).type !== 'EXPRESS') throw unsupportedType();
      const record = start(request);
      await record.ended;
      return { ...describe(record), billingDetails: {} };
    },
    async DescribeExecution(request) {
      return describe(findExecution(request));
    },
    async StopExecution(request) {
      const record = findExecution(request);
      record.abort.abort();
      await record.ended;
      Object.assign(record, { error: request.optionalText('error'), cause: request.optionalText('cause') });
      return { stopDate: seconds(record.stopDate ?? new Date()) };
    },
    async RedriveExecution(request) {
      const record = findExecution(request);
      if (record.failedAt === undefined || record.status === 'RUNNING' || record.status === 'SUCCEEDED') {
        throw new AwsError(
          'ExecutionNotRedrivable',
          `Execution is ${record.status} and cannot be redriven: only FAILED, TIMED_OUT and ABORTED ones can`,
        );
      }
      runner.redrive(record);
      return { redriveDate: seconds(record.redriveDate ?? new Date()) };
    },
    async GetExecutionHistory(request) {
      const { history } = findExecution(request);
      const events = history.map((event) => ({
        ...toHistoryEvent(event),
        timestamp: seconds(event.timestamp),
      }));
      return { events: request.flag('reverseOrder') ? events.reverse() : events };
    },
    async ListExecutions(request) {
      const { arn, type } = runner.find(request.text('stateMachineArn'));
      if (type === 'EXPRESS') throw unsupportedType();
      const status = request.optionalText('statusFilter');
      const found = executions.list(arn).filter((record) => status === undefined || record.status === status);
      return { executions: found.slice(0, request.optionalNumber('maxResults') ?? 100).map(summarize) };
    },
    async ListStateMachines() {
      const stateMachines = runner.stateMachines.map(({ arn, name, type }) => ({
        stateMachineArn: arn,
        name,
        type,
        creationDate: 0,
      }));
      return { stateMachines };
    },
    async DescribeStateMachine(request) {
      const { arn, name, type, definition, roleArn } = runner.find(request.text('stateMachineArn'));
      return { stateMachineArn: arn, name, type, definition, roleArn, status: 'ACTIVE', creationDate: 0 };
    },
  };
}

function unsupportedType(): AwsError {
  return new AwsError(
    'StateMachineTypeNotSupported',
    'This operation is not supported by this type of state machine',
  );
}

function summarize(record: ExecutionRecord): object {
  const { executionArn, stateMachineArn, name, status, startDate, stopDate, redriveCount } = record;
  const stopped = stopDate && { stopDate: seconds(stopDate) };
  return {
    executionArn,
    stateMachineArn,
    name,
    status,
    startDate: seconds(startDate),
    ...stopped,
    redriveCount,
  };
}

function describe(record: ExecutionRecord): object {
  const { input, output, error, cause } = record;
  return {
    ...summarize(record),
    input: JSON.stringify(input),
    ...(output !== undefined && { output: JSON.stringify(output) }),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
  };
}

/** AWS's JSON protocols write a time as seconds since 1970. */
function seconds(date: Date): number {
  return date.getTime() / 1000;
}
