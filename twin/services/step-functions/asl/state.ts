import type { EvaluationError } from './evaluation-error.ts';
import type { RunFunctions } from './functions.ts';
import type { Trail } from './history.ts';
import type { Clock } from './interruption.ts';
import type { Json } from './json.ts';
import type { StatesVariable } from './jsonata.ts';
import type { Retrier } from './retry.ts';
import type { StateError } from './state-error.ts';
import type { Template } from './template.ts';

/** One state as loaded. */
export interface State {
  readonly name: string;
  readonly type: StateType;
  /** All transitions except those of Catch, for the check of the graph. */
  readonly exits: readonly Exit[];
  readonly retry: readonly Retrier[];
  readonly catch: readonly Catcher[];
  /** What the state does between its entry and its exit. */
  readonly work: (visit: Visit) => Promise<Work>;
}

export type StateType = 'Pass' | 'Task' | 'Choice' | 'Map' | 'Wait' | 'Succeed' | 'Fail';

export interface Exit {
  /** Undefined: the end of the flow. */
  readonly next: string | undefined;
  readonly assign: Template<Json> | undefined;
  readonly output: Template | undefined;
}

export interface Catcher extends Exit {
  readonly errorEquals: readonly string[];
}

export interface Work {
  readonly exit: Exit;
  /** The result, for the types of states that have one; then it is never undefined. */
  readonly result?: unknown;
}

/** A sequence of states that is being run: that of the execution, or that of a Map iteration. */
export interface Branch {
  readonly invoke: TaskInvoker;
  readonly turn?: TaskTurn;
  readonly clock: Clock;
  readonly random: () => number;
  readonly functions: RunFunctions;
  readonly context: Json;
  readonly trail: Trail;
  readonly signal: AbortSignal;
}

/** Waits until a Task may begin, before anything of it is evaluated. Resolves with a function to call at its end. */
export type TaskTurn = (resource: string, signal: AbortSignal) => Promise<() => void>;

export type TaskInvoker = (resource: string, args: unknown, signal: AbortSignal) => Promise<unknown>;

/** One visit of a state, with the values that its expressions can read: those at its entry. */
export interface Visit {
  readonly name: string;
  readonly input: unknown;
  readonly variables: Json;
  readonly context: Json;
  readonly branch: Branch;
  evaluate<T>(template: Template<T>, sees?: Partial<StatesVariable>): Promise<T>;
  /** Records that this state could not be evaluated; the caller throws what it returns. */
  failEvaluation(failure: EvaluationError): StateError;
}

/** A state of a flow at which a run may begin, and which a redrive may repeat. */
export interface ResumePoint {
  readonly state: string;
  readonly input: unknown;
  readonly variables: Json;
}

export interface Flow {
  readonly startAt: string;
  readonly states: ReadonlyMap<string, State>;
}
