import { fullArn } from './arn.ts';
import { TaskError } from './asl/task-error.ts';
import { AwsError } from './aws-error.ts';
import type { ExecutionRecord } from './executions.ts';
import type { Invocation } from './lambda/invocation.ts';
import type { Lambda } from './lambda/lambda.ts';
import type { Authorize, Principal } from './policies.ts';

/** Performs one call of a Task in the name of its state machine: its `Arguments` in, its `$states.result` out. */
export type Integration = (
  parameters: unknown,
  caller: Principal,
  /** Aborted when the Task waits no longer. */
  signal: AbortSignal,
) => Promise<unknown>;

/** The services that the definitions call, by the `Resource` of their Tasks. */
export type Integrations = Readonly<Record<string, Integration>>;

export const LAMBDA_INVOKE = 'arn:aws:states:::lambda:invoke';
export const START_SYNC_EXECUTION = 'arn:aws:states:::aws-sdk:sfn:startSyncExecution';

export const supportedResources: readonly string[] = [LAMBDA_INVOKE, START_SYNC_EXECUTION];

export function createIntegrations(
  lambda: Lambda,
  startSync: (stateMachineArn: string, input: string) => Promise<ExecutionRecord>,
  authorize: Authorize,
): Integrations {
  return {
    async [LAMBDA_INVOKE](parameters, caller, signal) {
      const { FunctionName, Payload } = parameters as { FunctionName: string; Payload?: unknown };
      const invocation = await asTask(lambdaErrors, () => {
        authorize(caller, 'lambda:InvokeFunction', fullArn('lambda', 'function:', FunctionName), 403);
        return lambda.invoke(FunctionName, JSON.stringify(Payload ?? {}), {
          onLeave: (listener) => signal.addEventListener('abort', listener, { once: true }),
        });
      });
      return lambdaResult(invocation);
    },
    async [START_SYNC_EXECUTION](parameters, caller) {
      const { StateMachineArn, Input = '{}' } = parameters as { StateMachineArn: string; Input?: string };
      const child = await asTask(sfnErrors, () => {
        authorize(caller, 'states:StartSyncExecution', StateMachineArn, 400);
        return startSync(StateMachineArn, Input);
      });
      return executionResult(child, Input);
    },
  };
}

function lambdaResult({ payload, functionError }: Invocation): unknown {
  if (functionError === undefined) {
    return { ExecutedVersion: '1', Payload: JSON.parse(payload) as unknown, StatusCode: 200 };
  }
  const { errorType = 'Lambda.Unknown' } = JSON.parse(payload) as { errorType?: string };
  // A runtime that died has no error of its own to report.
  throw new TaskError(errorType.startsWith('Runtime.') ? 'Lambda.Unknown' : errorType, payload);
}

/** Answers 200 for an execution that failed, too: the definition has to look at its status. */
function executionResult(child: ExecutionRecord, Input: string): unknown {
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

/**
 * How the name of a service's own error reaches a definition: `Lambda.TooManyRequestsException`. Step Functions
 * calls with the Java SDK, which has a refusal by IAM in no service's model and throws the client's base class.
 */
const lambdaErrors = (code: string) =>
  code === 'AccessDeniedException' ? 'Lambda.AWSLambdaException' : `Lambda.${code}`;
const sfnErrors = (code: string) =>
  code === 'AccessDeniedException' ? 'Sfn.SfnException' : `Sfn.${code}Exception`;

async function asTask<T>(errorName: (code: string) => string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof AwsError ? new TaskError(errorName(error.code), error.message) : error;
  }
}
