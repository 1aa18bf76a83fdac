import { AwsError } from '../../http/aws-error.ts';
import type { RequestBody } from '../../http/request.ts';
import type { ExecutionRecord, Executions } from './executions.ts';

export function findExecution(executions: Executions, request: RequestBody): ExecutionRecord {
  const arn = request.text('executionArn');
  if (arn.includes(':express:')) throw invalidArn('Resource type not valid in this context: express');
  if (!arn.startsWith('arn:')) throw invalidArn(`Invalid ARN prefix: ${arn}`);
  const record = executions.get(arn);
  if (record === undefined) {
    throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
  }
  return record;
}

const invalidArn = (problem: string): AwsError => new AwsError('InvalidArn', `Invalid Arn: '${problem}'`);
