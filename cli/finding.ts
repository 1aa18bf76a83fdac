import type { Context } from './action.ts';

/** The result of a check: fine, skipped, or wrong with a remedy. */
export type Finding =
  | { readonly result: 'ok' | 'skipped'; readonly found: string }
  | { readonly result: 'failed'; readonly found: string; readonly remedy: string };

export interface Check {
  readonly name: string;
  /** The remedy when what the check looks for does not exist. For any other error it follows from the error. */
  readonly remedy: string;
  look(context: Context): Promise<Finding>;
}

export const ok = (found: string): Finding => ({ result: 'ok', found });
export const skipped = (found: string): Finding => ({ result: 'skipped', found });
export const failed = (found: string, remedy: string): Finding => ({ result: 'failed', found, remedy });

/** The role name follows from the name of the stack: `outbox-processor` signs in as `outbox_processor`. */
export const processorName = ({ target }: Context): string =>
  target.need('processorArn').split(':').at(-1) ?? '';
export const processorRole = (context: Context): string => processorName(context).replaceAll('-', '_');
