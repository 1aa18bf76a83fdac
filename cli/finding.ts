import type { Context } from './action.ts';

/** What a check found: fine, not looked at, or wrong, with what to do about it. */
export type Finding =
  | { readonly result: 'ok' | 'skipped'; readonly found: string }
  | { readonly result: 'failed'; readonly found: string; readonly remedy: string };

export interface Check {
  readonly name: string;
  /** What to do when what it looks for is not there. What to do about any other error follows from the error. */
  readonly remedy: string;
  look(context: Context): Promise<Finding>;
}

export const ok = (found: string): Finding => ({ result: 'ok', found });
export const skipped = (found: string): Finding => ({ result: 'skipped', found });
export const failed = (found: string, remedy: string): Finding => ({ result: 'failed', found, remedy });

/** The names follow the stack's: `outbox-processor` signs in as `outbox_processor`. */
export const processorName = ({ target }: Context): string =>
  target.need('processorArn').split(':').at(-1) ?? '';
export const processorRole = (context: Context): string => processorName(context).replaceAll('-', '_');
