import { TerminalDataLimit } from './data-limit.ts';
import type { StateError } from './state-error.ts';

/** The errors that States.TaskFailed does not match. */
const notOfTasks: readonly (string | undefined)[] = ['States.Timeout', 'States.DataLimitExceeded'];

/** Whether a Retry or Catch with these `ErrorEquals` is meant for the error. */
export function matches(errorEquals: readonly string[], failure: StateError): boolean {
  const { error } = failure;
  if (error === 'States.Runtime') return false;
  return errorEquals.some((pattern) => {
    if (pattern === error) return true;
    if (failure instanceof TerminalDataLimit) return false;
    return pattern === 'States.ALL' || (pattern === 'States.TaskFailed' && !notOfTasks.includes(error));
  });
}
