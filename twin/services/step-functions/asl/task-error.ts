import { StateError } from './state-error.ts';

/** The error with which an invoker rejects when the definition can match the failure of the task. */
export class TaskError extends StateError {
  constructor(error: string, errorCause?: string) {
    super(error, errorCause);
    this.name = 'TaskError';
  }
}
