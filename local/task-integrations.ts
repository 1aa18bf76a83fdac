import { TaskError } from './asl/task-error.ts';
import { AwsError } from './aws-error.ts';
import type { ExecutionRecord } from './executions.ts';
import type { Lambda } from './lambda.ts';

/** Performs one call of a Task: its `Arguments` in, its `$states.result` out. */
export type Integration = (parameters: unknown, signal: AbortSignal) => Promise<unknown>;

/** The services that the definitions call, by the `Resource` of their Tasks. */
export type Integrations = Readonly<Record<string, Integration>>;

export const LAMBDA_INVOKE = 'arn:aws:states:::lambda:invoke';
export const START_SYNC_EXECUTION = 'arn:aws:states:::aws-sdk:sfn:startSyncExecution';

export const supportedResources: readonly string[] = [LAMBDA_INVOKE, START_SYNC_EXECUTION];

export function createIntegrations(
  lambda: Lambda,
  startSync: (stateMachineArn: string, input: string) => Promise<ExecutionRecord>,
): Integrations {
  return {
    [LAMBDA_INVOKE]: (parameters, signal) => invokeFunction(lambda, parameters, signal),
    [START_SYNC_EXECUTION]: (parameters) => startSyncExecution(startSync, parameters),
  };
}

async function invokeFunction(lambda: Lambda, parameters: unknown, signal: AbortSignal): Promise<unknown> {
  const { FunctionName, Payload } = parameters as { FunctionName: string; Payload?: unknown };
  const { payload, functionError } = await lambda
    .invoke(FunctionName, JSON.stringify(Payload ?? {}), signal)
    .catch((error: unknown) => {
      throw asTaskError(error, 'Lambda', '');
    });
  if (functionError === undefined) {
    return { ExecutedVersion: '1', Payload: JSON.parse(payload) as unknown, StatusCode: 200 };
  }
  const { errorType = 'Lambda.Unknown' } = JSON.parse(payload) as { errorType?: string };
  // A runtime that died has no error of its own to report.
  throw new TaskError(errorType.startsWith('Runtime.') ? 'Lambda.Unknown' : errorType, payload);
}

/** Answers 200 for an execution that failed, too: the definition has to look at its status. */
async function startSyncExecution(
  startSync: (stateMachineArn: string, input: string) => Promise<ExecutionRecord>,
  parameters: unknown,
): Promise<unknown> {
  const { StateMachineArn, Input = '{}' } = parameters as { StateMachineArn: string; Input?: string };
  const child = await startSync(StateMachineArn, Input).catch((error: unknown) => {
    throw asTaskError(error, 'Sfn', 'Exception');
  });
  return {
    ExecutionArn: child.executionArn,
    StateMachineArn: child.stateMachineArn,
    Name: child.name,
    Status: child.status,
    Input,
    ...(child.output !== undefined && { Output: JSON.stringify(child.output) }),
    ...(child.error !== undefined && { Error: child.error }),
    ...(child.cause !== undefined && { Cause: child.cause }),
  };
}

/** A service's own error gets the service's prefix: `Lambda.TooManyRequestsException`. */
function asTaskError(error: unknown, service: string, suffix: string): unknown {
  return error instanceof AwsError
    ? new TaskError(`${service}.${error.code}${suffix}`, error.message)
    : error;
}
