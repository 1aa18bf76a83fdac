import { readdirSync, readFileSync } from 'node:fs';

export interface Retrier {
  ErrorEquals: string[];
  IntervalSeconds?: number;
  BackoffRate?: number;
  MaxDelaySeconds?: number;
  MaxAttempts?: number;
}

export interface Catcher {
  ErrorEquals: string[];
  Next: string;
}

export interface State {
  Type: string;
  Resource?: string;
  Next?: string;
  Default?: string;
  Choices?: { Condition: string; Next: string }[];
  Arguments?: { FunctionName?: string };
  Assign?: Record<string, unknown>;
  TimeoutSeconds?: number;
  Seconds?: unknown;
  /** JSONata for the publishers of a run, which throttling lowers. */
  MaxConcurrency?: number | string;
  ItemProcessor?: { StartAt: string; States: Record<string, State> };
  Retry?: Retrier[];
  Catch?: Catcher[];
}

export interface Definition {
  StartAt: string;
  TimeoutSeconds?: number;
  States: Record<string, State>;
}

/** The load of the worst-case calculation; timeouts.test.ts compares it with the template. */
export const assumedLoad = { batchMaxEvents: 200, chunkSize: 1, loopSeconds: 30 };

const folder = new URL('../../../statemachine/', import.meta.url);

/** The files of statemachine/ without their extension, which are also the ids of the constructs. */
export const machines = readdirSync(folder)
  .filter((file) => file.endsWith('.asl.json'))
  .map((file) => file.slice(0, -'.asl.json'.length));

export function readText(machine: string): string {
  return readFileSync(new URL(`${machine}.asl.json`, folder), 'utf8');
}

/** A fresh copy that tests may break. */
export function readDefinition(machine: string): Definition {
  return JSON.parse(readText(machine)) as Definition;
}

/** Every JSONata expression of a definition, without `{% %}` and with numbers for its placeholders. */
export function expressionsIn(value: unknown): string[] {
  if (typeof value === 'string') {
    const [, expression] = /^\{%(.*)%\}$/s.exec(value) ?? [];
    return expression === undefined ? [] : [expression.replace(/\$\{\w+\}/g, '1')];
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(expressionsIn) : [];
}

/** All states by name, including those inside Maps. */
export function statesOf({ States }: Pick<Definition, 'States'>): Map<string, State> {
  const nested = Object.values(States).flatMap(({ ItemProcessor }) =>
    ItemProcessor === undefined ? [] : [...statesOf(ItemProcessor)],
  );
  return new Map([...Object.entries(States), ...nested]);
}

export function tasksOf(definition: Definition): [string, State][] {
  return [...statesOf(definition)].filter(([, { Type }]) => Type === 'Task');
}

/** The Tasks that invoke a function. */
export function stepsOf(definition: Definition): [string, State][] {
  return tasksOf(definition).filter(([, { Resource }]) => Resource?.endsWith(':states:::lambda:invoke'));
}

export function stateOf(definition: Definition, name: string): State {
  const state = statesOf(definition).get(name);
  if (state === undefined) throw new Error(`no state "${name}"`);
  return state;
}

/** The placeholder that names the function of a Task: `${FetchBatchFunctionArn}` without its braces. */
export function placeholderOf({ Arguments }: State): string {
  return /^\$\{(\w+)\}$/.exec(Arguments?.FunctionName ?? '')?.[1] ?? '';
}

/** The retrier of a state that matches this error name. */
export function retrierFor(state: State, error: string): Retrier | undefined {
  return state.Retry?.find(
    ({ ErrorEquals }) => ErrorEquals.includes(error) || ErrorEquals.includes('States.ALL'),
  );
}

/** The sum of all waits between the tries of one retrier in seconds, without jitter. */
export function waitSeconds(retrier: Retrier): number {
  const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Infinity, MaxAttempts = 3 } = retrier;
  const waits = Array.from({ length: MaxAttempts }, (_, retry) =>
    Math.min(IntervalSeconds * BackoffRate ** retry, MaxDelaySeconds),
  );
  return waits.reduce((sum, wait) => sum + wait, 0);
}

/** The longest time of a Task in seconds, with all its retries. */
export function worstSeconds({ TimeoutSeconds = Infinity, Retry = [] }: State): number {
  const retries = Retry.reduce((sum, { MaxAttempts = 3 }) => sum + MaxAttempts, 0);
  return (1 + retries) * TimeoutSeconds + Retry.reduce((sum, retrier) => sum + waitSeconds(retrier), 0);
}
