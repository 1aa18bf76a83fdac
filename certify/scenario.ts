import { isDeepStrictEqual } from 'node:util';
import type { Context } from './context.ts';

/** The reasons why a scenario may not be run, and what to do about each. */
export const needs = {
  account: 'only in an account: the twin has nothing of the kind',
  disturb: 'others may notice it: give --disturb',
  running: 'the outbox is paused: outbox resume',
} as const;
export type Need = keyof typeof needs;

type Value = string | number | boolean | readonly Value[];
export type Observation = Readonly<Record<string, Value>>;

/** A fact that the project relies on, and how to observe it. */
export interface Scenario {
  readonly id: string;
  /** The fact in one sentence. */
  readonly sentence: string;
  readonly needs: readonly Need[];
  /** The result on the twin. */
  readonly expected: Observation;
  observe(context: Context): Promise<Observation>;
  /** Time limit in seconds. @default 180 */
  readonly limitSeconds?: number;
  /** The day on which an account showed the same result, such as 2026-01-31. */
  readonly observedOnAws?: string;
}

export interface Difference {
  readonly key: string;
  readonly expected: string;
  readonly observed: string;
}

/** Compares key by key; a key that only one of them has is a difference too. */
export function compare(expected: Observation, observed: Observation): Difference[] {
  const keys = new Set([...Object.keys(expected), ...Object.keys(observed)]);
  return [...keys]
    .filter((key) => !isDeepStrictEqual(expected[key], observed[key]))
    .map((key) => ({ key, expected: print(expected[key]), observed: print(observed[key]) }));
}

function print(value: Value | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

/** This outbox cannot show the fact, for a reason that is not a difference. */
export class NotObservable extends Error {
  override readonly name = 'NotObservable';
}

/** The name of the error that AWS returned, or `accepted`. */
export async function answerTo(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'accepted';
  } catch (error) {
    return errorName(error);
  }
}

/** The name of the AWS error with its SQLState, if any. An error without an answer of AWS is thrown again. */
function errorName(error: unknown): string {
  const answer = awsError(error);
  if (answer === undefined || denied.test(answer.name)) throw error;
  const [state] = /SQLState: \w{5}/.exec(answer.message) ?? [];
  return state === undefined ? answer.name : `${answer.name}, ${state}`;
}

const denied = /^(AccessDenied(Exception)?|UnauthorizedOperation|AuthorizationError)$/;

/** Whether AWS refused the call because of the caller's permissions, which says nothing about the outbox. */
export function isDenied(error: unknown): boolean {
  return denied.test(awsError(error)?.name ?? '');
}

/** The service's own error, also as the cause of one of ours. Without a status there was no answer. */
function awsError(error: unknown): Error | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { $metadata } = cause as { $metadata?: { httpStatusCode?: number } };
    if ($metadata?.httpStatusCode !== undefined) return cause;
  }
  return undefined;
}
