import { randomUUID } from 'node:crypto';
import { fullArn } from '../../arn.ts';
import { AwsError } from '../../http/aws-error.ts';
import type { Authorize, Principal } from '../iam/authorize.ts';
import type { Invocation } from '../lambda/invocation.ts';
import type { Lambda } from '../lambda/invoke.ts';
import { TaskError } from './asl/task-error.ts';
import { formatTimestamp } from './asl/timestamp.ts';
import type { ExecutionRecord } from './executions.ts';
import { lambdaMetadata } from './lambda-metadata.ts';
import { syncAnswer } from './sync-answer.ts';

/** Performs one call of a Task in the name of its state machine: its `Arguments` in, its `$states.result` out. */
export type Integration = (
  parameters: unknown,
  caller: Principal,
  /** Aborted when the Task no longer waits. */
  signal?: AbortSignal,
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
      const invocation = await asTask(lambdaError, () => {
        authorize(caller, 'lambda:InvokeFunction', fullArn('lambda', 'function:', FunctionName), 403);
        return lambda.invoke(FunctionName, payloadText(Payload), {
          onLeave: (listener) => signal?.addEventListener('abort', listener, { once: true }),
        });
      });
      return lambdaResult(invocation, FunctionName);
    },
    async [START_SYNC_EXECUTION](parameters, caller) {
      const { StateMachineArn, Input = '{}' } = parameters as { StateMachineArn: string; Input?: string };
      const child = await asTask(sfnError, () => {
        authorize(caller, 'states:StartSyncExecution', StateMachineArn, 400);
        return startSync(StateMachineArn, Input);
      });
      return inPascalCase(syncAnswer(child));
    },
  };
}

/** What Step Functions sends to a function: text that is JSON already goes as it is. */
export function payloadText(payload: unknown): string {
  if (typeof payload === 'string' && isJson(payload)) return payload;
  return JSON.stringify(payload ?? {});
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function lambdaResult({ payload, functionError }: Invocation, functionName: string): unknown {
  if (functionError === undefined) {
    const version = /:function:[^:]+:(.+)$/.exec(functionName)?.[1] ?? '$LATEST';
    const Payload = JSON.parse(payload) as unknown;
    return { ExecutedVersion: version, Payload, ...lambdaMetadata(payload, version), StatusCode: 200 };
  }
  const { errorType = 'Lambda.Unknown' } = JSON.parse(payload) as { errorType?: string };
  // A runtime that died cannot report an error.
  throw new TaskError(errorType.startsWith('Runtime.') ? 'Lambda.Unknown' : errorType, payload);
}

/** An AWS SDK integration writes the fields of an answer in PascalCase. It answers for an execution that failed, too. */
function inPascalCase(answer: object): object {
  const fields = Object.entries(answer).map(([name, value]) => [
    name.charAt(0).toUpperCase() + name.slice(1),
    value instanceof Date
      ? formatTimestamp(value.getTime())
      : typeof value === 'object' && value !== null
        ? inPascalCase(value)
        : value,
  ]);
  return Object.fromEntries(fields) as object;
}

type Translate = (error: AwsError) => TaskError;

/**
 * How a service's own error reaches a definition: `Lambda.TooManyRequestsException`. Step Functions calls with the
 * Java SDK, which has a refusal by IAM in no service's model and throws the client's base class. The integration of
 * Lambda uses its first version, the AWS SDK integrations use its second: they word what they append differently.
 */
const lambdaError: Translate = ({ code, message, status }) =>
  new TaskError(
    code === 'AccessDeniedException' ? 'Lambda.AWSLambdaException' : `Lambda.${code}`,
    `${message} (Service: AWSLambda; Status Code: ${status}; Error Code: ${code}; Request ID: ${randomUUID()}; Proxy: null)`,
  );
const sfnError: Translate = ({ code, message, status }) =>
  new TaskError(
    code === 'AccessDeniedException'
      ? 'Sfn.SfnException'
      : `Sfn.${code.replace(/(Exception)?$/, 'Exception')}`,
    `${message} (Service: Sfn, Status Code: ${status}, Request ID: ${randomUUID()})`,
  );

async function asTask<T>(translate: Translate, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof AwsError ? translate(error) : error;
  }
}
