import type { Fields } from './fields.ts';
import { names, number, positiveInteger, text, wholeNumber } from './kind.ts';
import { matches } from './matches.ts';
import type { StateError } from './state-error.ts';

export interface Retrier {
  readonly errorEquals: readonly string[];
  readonly intervalSeconds: number;
  readonly maxAttempts: number;
  readonly backoffRate: number;
  readonly maxDelaySeconds: number;
  readonly jitter: boolean;
}

const supported = [
  'ErrorEquals',
  'IntervalSeconds',
  'MaxAttempts',
  'BackoffRate',
  'MaxDelaySeconds',
  'JitterStrategy',
  'Comment',
];

export function loadRetry(state: Fields): readonly Retrier[] {
  const retriers = state.each('Retry', supported).map((fields): Retrier => {
    const intervalSeconds = fields.literal('IntervalSeconds', positiveInteger) ?? 1;
    const backoffRate = fields.literal('BackoffRate', number) ?? 2;
    const maxDelaySeconds = fields.literal('MaxDelaySeconds', positiveInteger) ?? Number.POSITIVE_INFINITY;
    const jitter = fields.literal('JitterStrategy', text) ?? 'NONE';
    if (backoffRate < 1) throw fields.refuse(`"BackoffRate" must be at least 1, got ${backoffRate}`);
    if (maxDelaySeconds <= intervalSeconds)
      throw fields.refuse(
        `"MaxDelaySeconds" must exceed "IntervalSeconds" (${intervalSeconds}), got ${maxDelaySeconds}`,
      );
    if (jitter !== 'FULL' && jitter !== 'NONE')
      throw fields.refuse(`"JitterStrategy" must be FULL or NONE, got "${jitter}"`);
    return {
      errorEquals: fields.required('ErrorEquals', names),
      intervalSeconds,
      maxAttempts: fields.literal('MaxAttempts', wholeNumber) ?? 3,
      backoffRate,
      maxDelaySeconds,
      jitter: jitter === 'FULL',
    };
  });
  checkAllIsLast(state, 'Retry', retriers);
  return retriers;
}

/** States.ALL must be the only name of the last entry, because no later entry would ever be reached. */
export function checkAllIsLast(
  state: Fields,
  field: string,
  rules: readonly { errorEquals: readonly string[] }[],
): void {
  for (const [index, { errorEquals }] of rules.entries())
    if (errorEquals.includes('States.ALL') && (errorEquals.length > 1 || index < rules.length - 1))
      throw state.refuse(
        `${field}/${index}: "States.ALL" must stand alone in "ErrorEquals" and in the last rule`,
      );
}

/** Counts the retries of one visit, separately for each retrier. */
export interface Retries {
  /** The delay before the next try, or undefined when there is none. */
  next(failure: StateError): number | undefined;
}

export function countRetries(retriers: readonly Retrier[], random: () => number): Retries {
  const used = retriers.map(() => 0);
  return {
    next(failure) {
      const at = retriers.findIndex(({ errorEquals }) => matches(errorEquals, failure));
      const [retrier, count] = [retriers[at], used[at]];
      if (retrier === undefined || count === undefined || count >= retrier.maxAttempts) return undefined;
      used[at] = count + 1;
      const seconds = Math.min(
        retrier.intervalSeconds * retrier.backoffRate ** count,
        retrier.maxDelaySeconds,
      );
      return seconds * 1_000 * (retrier.jitter ? random() : 1);
    },
  };
}
