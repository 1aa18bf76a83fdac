import { BusUnavailable, EventRejected, NotSent, PublishFailed, PublishThrottled } from './errors.ts';

/** Whose fault a failure is, and so what becomes of its event. */
export type FailureKind = 'permanent' | 'transient' | 'outage' | 'throttled' | 'not sent';

/** What is stored with a failed event: `last_error_type` and `last_error`. */
export interface Failure {
  readonly kind: FailureKind;
  readonly errorType: string;
  readonly message: string;
}

const kindOfError: ReadonlyMap<string, FailureKind> = new Map([
  ['EventRejected', 'permanent'],
  ['PublishFailed', 'transient'],
  ['BusUnavailable', 'outage'],
  // Errors of invoking the publisher, as Step Functions names them: they also say nothing about the event.
  // https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
  ['Lambda.AWSLambdaException', 'outage'],
  ['Lambda.ClientExecutionTimeoutException', 'outage'],
  ['Lambda.ResourceNotFoundException', 'outage'],
  ['Lambda.SdkClientException', 'outage'],
  ['Lambda.ServiceException', 'outage'],
  ['PublishThrottled', 'throttled'],
  // An event before it in its key failed, or the time of its publisher was up.
  ['NotSent', 'not sent'],
  // Lambda did not run the publisher, so this says nothing about the event.
  ['Lambda.TooManyRequestsException', 'throttled'],
]);

// PutEvents: entry codes that a retry cannot resolve.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
const permanentEntryCodes = new Set([
  'AccessDeniedException',
  'InvalidAccountIdException',
  'InvalidArgument',
  'MalformedDetail',
  'NotAuthorizedForDetailTypeException',
  'NotAuthorizedForSourceException',
  'RedactionFailure',
]);

/** Classifies the `ErrorCode` of one entry in a PutEvents answer. */
export function classifyEntryCode(code: string): FailureKind {
  if (permanentEntryCodes.has(code)) return 'permanent';
  return isThrottling(code) ? 'throttled' : 'transient';
}

/** Whether the name of an error means throttling. */
function isThrottling(name: string): boolean {
  return /throttl|toomanyrequests|requestlimitexceeded|slowdown/i.test(name);
}

// AWS refused the request because of its caller: the credentials, the permission, or the clock of the caller.
const refusedCaller =
  /AccessDenied|NotAuthorized|UnrecognizedClient|InvalidClientTokenId|MissingAuthentication|ExpiredToken|RequestExpired|Signature|OptInRequired/;

/**
 * Classifies an error that the EventBridge client threw, that is, one of the whole request. Only an invalid request is
 * the fault of the event; other errors are those of the bus or the network, except an unknown 4xx code or a bug in
 * the code.
 */
export function classifyPutEventsError(error: unknown): FailureKind {
  const { name, status } = describe(error);
  if (name === 'ValidationException' || name === 'SerializationException' || status === 413)
    return 'permanent';
  if (status === 429 || isThrottling(name)) return 'throttled';
  if (/^(Range|Reference|Syntax|Type)Error$/.test(name)) return 'transient';
  if (status === undefined || status >= 500 || [401, 403, 408].includes(status)) return 'outage';
  return refusedCaller.test(name) || /ResourceNotFound|RequestTimeout/.test(name) ? 'outage' : 'transient';
}

// Errors that a retry cannot resolve. Others may be temporary: a secret that is being rotated or cannot be read for a
// moment, a cluster that is new, restored or resuming, a lost connection, and unknown errors. Without a retry, a failed
// mark publishes its whole batch twice; a retry without success only costs half a minute.
const permanentDataApiErrors = new Set([
  'AccessDeniedException',
  'ForbiddenException',
  'HttpEndpointNotEnabledException',
  // The service never accepts the form of the request or of its result. (BadRequestException has this meaning too, but
  // also means "Communications link failure", or that the sign-in failed.)
  'SerializationException',
  'UnknownOperationException',
  'UnsupportedResultException',
  'ValidationException',
]);

// Classes 22 (data), 23 (constraints), 42 (syntax, permissions, undefined objects), and a statement that is too complex.
// The service puts the state at the end of its message; a quoted value before it may look like a state.
// https://www.postgresql.org/docs/17/errcodes-appendix.html
const permanentSqlState = /; SQLState: (?:(?:22|23|42)[0-9A-Z]{3}|54001)\s*$/;
const databaseErrors = new Set(['BadRequestException', 'DatabaseErrorException']);

/** Classifies an error that the RDS Data client threw. */
export function classifyDataApiError(error: unknown): 'permanent' | 'transient' {
  const { name, message, status } = describe(error);
  if (permanentDataApiErrors.has(name) || status === 413) return 'permanent';
  return databaseErrors.has(name) && permanentSqlState.test(message) ? 'permanent' : 'transient';
}

const errorOfKind = {
  permanent: EventRejected,
  transient: PublishFailed,
  outage: BusUnavailable,
  throttled: PublishThrottled,
  'not sent': NotSent,
} as const satisfies Record<FailureKind, unknown>;

/** The error class that carries a failure of this kind to the state machine. */
export function publishError(kind: FailureKind, message: string, cause?: unknown): Error {
  return new errorOfKind[kind](message, cause === undefined ? undefined : { cause });
}

/**
 * The kind of a failure within its batch. When the bus accepted other events of the batch it is available, so a missing
 * answer costs the event an attempt; otherwise the event would come back for ever. The definition decides in the same
 * way whether the run continues.
 * @param accepted events of the batch that the bus accepted
 */
export function withinBatch<F extends Failure>(failure: F, accepted: number): F {
  return failure.kind === 'outage' && accepted > 0 ? { ...failure, kind: 'transient' } : failure;
}

/**
 * Reads a failure as the state machine recorded it: the name of the error, and a cause that may be the JSON of a
 * Lambda error, the beginning of one (the state machine cuts it), some other text, or nothing.
 */
export function readFailure(error: string, cause: string): Failure {
  const message = lambdaMessage(cause);
  const kind = kindOfError.get(error) ?? 'transient';
  const code = /^([A-Za-z][\w.]*): (.*)$/s.exec(message);
  // Only our own errors begin with a code; a refusal of IAM begins with "User: ".
  const isOurs = kindOfError.has(error) && !error.startsWith('Lambda.');
  if (isOurs && code?.[1] !== undefined && code[2] !== undefined) {
    return { kind, errorType: code[1], message: code[2] };
  }
  return { kind, errorType: error || 'Unknown', message: message || 'no cause was given' };
}

function lambdaMessage(cause: string): string {
  // Keep whole escapes only: the state machine may have cut inside one, such as \u00.
  const quoted = /"errorMessage":\s*"((?:[^"\\]|\\u[0-9a-f]{4}|\\[^u])*)/i.exec(cause)?.[1];
  if (quoted === undefined) return cause;
  try {
    return JSON.parse(`"${quoted}"`) as string;
  } catch {
    return quoted;
  }
}

function describe(error: unknown): { name: string; message: string; status: number | undefined } {
  if (!(error instanceof Error)) return { name: 'Unknown', message: String(error), status: undefined };
  const metadata = '$metadata' in error ? (error.$metadata as { httpStatusCode?: number }) : undefined;
  return { name: error.name, message: error.message, status: metadata?.httpStatusCode };
}
