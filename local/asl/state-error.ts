/** An error that the definition can match in Retry and Catch: an error name and, where there is one, a cause. */
export class StateError extends Error {
  readonly error: string;
  readonly errorCause: string | undefined;

  constructor(error: string, errorCause?: string) {
    super(errorCause === undefined ? error : `${error}: ${errorCause}`);
    this.name = 'StateError';
    this.error = error;
    this.errorCause = errorCause;
  }
}

/** Error names that only their own name matches, or none: a wildcard would hide what no retry can heal. */
const beyondWildcards = new Set(['States.DataLimitExceeded', 'States.Runtime']);

export function matches(errorEquals: readonly string[], error: string): boolean {
  if (error === 'States.Runtime') return false;
  return errorEquals.some((pattern) => {
    if (pattern === error) return true;
    if (beyondWildcards.has(error)) return false;
    return pattern === 'States.ALL' || (pattern === 'States.TaskFailed' && error !== 'States.Timeout');
  });
}
