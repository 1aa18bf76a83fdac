import { WrongUsage } from './exit-codes.ts';

interface Selection {
  /** The values of the flags that select events, undefined for one that was not given. */
  readonly conditions: readonly unknown[];
  readonly all: true | undefined;
  readonly status: 'failed' | 'processed';
  /** ISO 8601, inclusive. */
  readonly after: string | undefined;
  /** ISO 8601, exclusive. */
  readonly before: string | undefined;
}

/** @throws WrongUsage when the flags select nothing, or contradict each other */
export function checkSelection({ conditions, all, status, after, before }: Selection): void {
  const restricted = [...conditions, after, before].some((condition) => condition !== undefined);
  if (!restricted && !all)
    throw new WrongUsage(`no condition is given: give one, or --all for every ${status} event`);
  if (restricted && all)
    throw new WrongUsage('--all contradicts the other conditions: give the one or the others');
  if (after !== undefined && before !== undefined && !(Date.parse(after) < Date.parse(before)))
    throw new WrongUsage(
      `no event ${status === 'failed' ? 'failed' : 'was processed'} after ${after} and before ${before}: exchange them`,
    );
}
