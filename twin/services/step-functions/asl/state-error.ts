/** An error that the definition can match in Retry and Catch. Either part may be absent, as a Fail state may leave it out. */
export class StateError extends Error {
  readonly error: string | undefined;
  readonly errorCause: string | undefined;

  constructor(error: string | undefined, errorCause?: string) {
    super([error, errorCause].filter((part) => part !== undefined).join(': '));
    this.name = 'StateError';
    this.error = error;
    this.errorCause = errorCause;
  }
}

/** Only the parts that exist, as the history and the API show them. */
export const partsOf = ({ error, errorCause }: StateError): { error?: string; cause?: string } => ({
  ...(error !== undefined && { error }),
  ...(errorCause !== undefined && { cause: errorCause }),
});

/** The error output of a Catch, where an absent part is an empty text. */
export const errorOutputOf = ({ error = '', errorCause = '' }: StateError): object => ({
  Error: error,
  Cause: errorCause,
});
