import { StateError } from './state-error.ts';

/** The maximum length of a cause in the error of an execution. */
const maxCauseCharacters = 32_768;

/** An expression that failed, or whose result is not what its field needs. */
export class EvaluationError extends StateError {
  /** The field, e.g. `Output/name`; undefined if no expression caused the error. */
  readonly location: string | undefined;

  constructor(location: string | undefined, cause: string) {
    super('States.QueryEvaluationError', cause.slice(0, maxCauseCharacters));
    this.name = 'EvaluationError';
    this.location = location;
  }
}
