import { StateError } from './state-error.ts';

/** What an invoker rejects with when the task failed in a way that the definition can match. */
export class TaskError extends StateError {
  constructor(error: string, errorCause?: string) {
    super(error, errorCause);
    this.name = 'TaskError';
  }
}
