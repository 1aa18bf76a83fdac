/**
 * Three kinds of failure. The state machine tells them apart by the error's name, so each name is a literal:
 * it survives minification and is what `ErrorEquals` matches.
 */
export type FailureKind = 'permanent' | 'transient' | 'outage';

/** The event's own fault: it can never be published as it is. Parked at once. */
export class EventRejected extends Error {
  override readonly name = 'EventRejected';
}

/** The world's fault for a while: retried, then backed off, then parked when its attempts are used up. */
export class PublishFailed extends Error {
  override readonly name = 'PublishFailed';
}

/** Evidence about the bus itself: the event is given back and no attempt is consumed. */
export class BusUnavailable extends Error {
  override readonly name = 'BusUnavailable';
}

/** The database may answer the same call later. The state machine retries. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
}

/** The database will never accept this call (permission, SQL, limits). Retrying only costs time. */
export class DatabaseRefused extends Error {
  override readonly name = 'DatabaseRefused';
}

/** Two clocks differ by more than is tolerated, so that neither of them can tell whether a call is in time. */
export class ClocksDiffer extends Error {
  override readonly name = 'ClocksDiffer';
}

/** Nobody waits for this call any more; or the clock of who made it and the clock of who got it differ. */
export class CallExpired extends Error {
  override readonly name = 'CallExpired';
}

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
  // The publisher never ran, so nothing was learned about the event.
  ['Lambda.TooManyRequestsException', 'outage'],
]);

// PutEvents: entry codes that no retry can cure.
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
  return code === 'ThrottlingException' ? 'outage' : 'transient';
}

/** Whether an error's name says that too much was asked at once. */
export function isThrottling(name: string): boolean {
  return /throttl|toomanyrequests/i.test(name);
}

/**
 * Classifies an error that the EventBridge client threw, that is, one about the whole request. Only a request
 * that is itself invalid speaks against the event; what is left speaks about the bus or the way to it, except
 * an unknown code of the 4xx family or a mistake in the code, which consumes an attempt so that no event can
 * circle for ever.
 */
export function classifyPutEventsError(error: unknown): FailureKind {
  const { name, status } = describe(error);
  if (name === 'ValidationException' || name === 'SerializationException' || status === 413)
    return 'permanent';
  if (isThrottling(name)) return 'outage';
  if (/^(Range|Reference|Syntax|Type)Error$/.test(name)) return 'transient';
  if (status === undefined || status >= 500 || status === 401 || status === 403) return 'outage';
  return /AccessDenied|UnrecognizedClient|ExpiredToken|InvalidSignature|NotAuthorized|ResourceNotFound/.test(
    name,
  )
    ? 'outage'
    : 'transient';
}

// https://www.postgresql.org/docs/17/errcodes-appendix.html: serialization failure, deadlock, lock not
// available, statement time-out, read-only (the old writer in a failover), shutdown and start-up, insufficient resources, connection exceptions.
const transientSqlState = /SQLState: (25006|40001|40P01|55P03|57014|57P0[1-3]|53\w{3}|08\w{3})/;

const transientDataApiErrors = new Set([
  'DatabaseResumingException',
  'DatabaseUnavailableException',
  'InternalServerErrorException',
  'ServiceUnavailableError',
  'StatementTimeoutException',
  'ThrottlingException',
  'TransactionNotFoundException',
]);

/** Classifies an error that the RDS Data client threw. */
export function classifyDataApiError(error: unknown): 'permanent' | 'transient' {
  const { name, message, status } = describe(error);
  if (transientDataApiErrors.has(name) || transientSqlState.test(message)) return 'transient';
  return status === undefined || status >= 500 ? 'transient' : 'permanent';
}

/** The error class that carries a failure of this kind to the state machine. */
export function publishError(kind: FailureKind, message: string, cause?: unknown): Error {
  const options = cause === undefined ? undefined : { cause };
  if (kind === 'permanent') return new EventRejected(message, options);
  return kind === 'outage' ? new BusUnavailable(message, options) : new PublishFailed(message, options);
}

/**
 * Reads a failure as the state machine noted it: the error's name, and a cause that may be the JSON of a
 * Lambda error, the beginning of one (the state machine cuts it), some other text, or nothing.
 */
export function readFailure(error: string, cause: string): Failure {
  const message = lambdaMessage(cause);
  const kind = kindOfError.get(error) ?? 'transient';
  const code = /^([A-Za-z][\w.]*): (.*)$/s.exec(message);
  if (kindOfError.has(error) && code?.[1] !== undefined && code[2] !== undefined) {
    return { kind, errorType: code[1], message: code[2] };
  }
  return { kind, errorType: error || 'Unknown', message: message || 'no cause was given' };
}

function lambdaMessage(cause: string): string {
  // Whole escapes only: the state machine may have cut inside one such as \u00.
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
