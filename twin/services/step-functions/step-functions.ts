import { AwsError } from '../../http/aws-error.ts';
import type { Operations } from '../../http/aws-protocols.ts';
import type { RequestBody } from '../../http/request.ts';
import type { ExecutionRunner } from './execution-runner.ts';
import type { ExecutionRecord } from './executions.ts';
import { toHistoryEvent } from './history-event.ts';
import { dataOf, syncAnswer } from './sync-execution.ts';

/** Step Functions' API: refuses for Express what AWS refuses for Express. */
export function createStepFunctions(runner: ExecutionRunner): Operations {
  const { executions } = runner;

  function findExecution(request: RequestBody): ExecutionRecord {
    const arn = request.text('executionArn');
    if (arn.includes(':express:')) throw invalidArn('Resource type not valid in this context: express');
    if (!arn.startsWith('arn:')) throw invalidArn(`Invalid ARN prefix: ${arn}`);
    const record = executions.get(arn);
    if (record === undefined) {
      throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    }
    return record;
  }

  const given = (request: RequestBody) =>
    [request.text('stateMachineArn'), request.optionalText('input') ?? '{}', nameIn(request)] as const;

  return {
    async StartExecution(request) {
      const { executionArn, startDate } = runner.start(...given(request));
      return { executionArn, startDate: seconds(startDate) };
    },
    async StartSyncExecution(request) {
      if (runner.find(request.text('stateMachineArn')).type !== 'EXPRESS') throw unsupportedType();
      const answer = syncAnswer(await runner.startSync(...given(request)), withData(request));
      return { ...answer, startDate: seconds(answer.startDate), stopDate: seconds(answer.stopDate) };
    },
    async DescribeExecution(request) {
      return describe(findExecution(request), withData(request));
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
      const reason = notRedrivable(record);
      if (reason !== undefined) throw new AwsError('ExecutionNotRedrivable', reason);
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

const invalidArn = (problem: string): AwsError => new AwsError('InvalidArn', `Invalid Arn: '${problem}'`);

function unsupportedType(): AwsError {
  return new AwsError(
    'StateMachineTypeNotSupported',
    'This operation is not supported by this type of state machine',
  );
}

// White space, brackets, wildcards, special and control characters.
const notInNames = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]/u;

function nameIn(request: RequestBody): string | undefined {
  const name = request.optionalText('name');
  if (name !== undefined && (name === '' || name.length > 80 || notInNames.test(name)))
    throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
  return name;
}

const withData = (request: RequestBody): boolean => request.optionalText('includedData') !== 'METADATA_ONLY';

/** Why AWS would not redrive it; undefined when it would. */
function notRedrivable({ status, failedAt }: ExecutionRecord): string | undefined {
  if (status === 'RUNNING' || status === 'SUCCEEDED') return `Execution is ${status} and cannot be redriven`;
  return failedAt === undefined ? 'Execution has no state to go on from' : undefined;
}

function summarize(record: ExecutionRecord): object {
  const { executionArn, stateMachineArn, name, status, startDate, stopDate, redriveCount, redriveDate } =
    record;
  return {
    executionArn,
    stateMachineArn,
    name,
    status,
    startDate: seconds(startDate),
    ...(stopDate && { stopDate: seconds(stopDate) }),
    redriveCount,
    ...(redriveDate && { redriveDate: seconds(redriveDate) }),
  };
}

function describe(record: ExecutionRecord, included: boolean): object {
  const reason = notRedrivable(record);
  return {
    ...summarize(record),
    ...dataOf(record, included),
    ...(record.status === 'SUCCEEDED' && { outputDetails: { included } }),
    redriveStatus: reason === undefined ? 'REDRIVABLE' : 'NOT_REDRIVABLE',
    ...(reason !== undefined && { redriveStatusReason: reason }),
  };
}

/** AWS's JSON protocols write a time as seconds since 1970. */
function seconds(date: Date): number {
  return date.getTime() / 1000;
}
