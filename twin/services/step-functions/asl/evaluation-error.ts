import { StateError } from './state-error.ts';

/** What an execution's error may hold of a cause. */
const maxCauseCharacters = 32_768;

/** An expression that failed, or whose result is not what its field needs. */
export class EvaluationError extends StateError {
  /** The field, as `Output/name`; undefined where there is no expression to blame. */
  readonly location: string | undefined;

  constructor(location: string | undefined, cause: string) {
    super('States.QueryEvaluationError', cause.slice(0, maxCauseCharacters));
    this.name = 'EvaluationError';
    this.location = location;
  }
}
