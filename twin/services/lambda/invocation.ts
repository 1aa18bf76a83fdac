/** The result of one invocation. */
export interface Invocation {
  /** The function's answer as JSON, or the error in Lambda's shape. */
  readonly payload: string;
  /** `Unhandled` when the function threw, died or ran out of time. */
  readonly functionError?: 'Unhandled';
}

/** Where the environment of an invocation dies, for a fault: before its handler runs, or after it and before the answer. */
export type Death = 'before' | 'after';

export function timedOut(requestId: string, seconds: number): Invocation {
  return failure(
    'Sandbox.Timedout',
    `RequestId: ${requestId} Error: Task timed out after ${seconds}.00 seconds`,
  );
}

export function exited(requestId: string, reason: string): Invocation {
  return failure('Runtime.ExitError', `RequestId: ${requestId} Error: ${reason}`);
}

function failure(errorType: string, errorMessage: string): Invocation {
  return { payload: JSON.stringify({ errorType, errorMessage }), functionError: 'Unhandled' };
}
