import type { InboxDatabase } from './database.ts';
import { NotInTransaction } from './errors.ts';

export interface InboxOptions {
  /**
   * Name of this consumer, 1 to 128 characters: several may share a database.
   * @default default
   */
  readonly consumer?: string;
  /**
   * What becomes of an event that a replay delivers again. `once` takes it for the same event: its work runs only if
   * this consumer has not processed it before, which repairs what was lost. `again` runs the work once more for each
   * replay, for example to rebuild what the work has made.
   * @default once
   */
  readonly replays?: 'once' | 'again';
}

/** What became of a delivery. Only `processed` ran the work. */
export type Processed<T> =
  | { readonly outcome: 'processed'; readonly result: T }
  /** This consumer has processed the event before. */
  | { readonly outcome: 'duplicate' }
  /** Older than the position of this consumer, but not recorded: before its start, passed by `advance`, or purged. */
  | { readonly outcome: 'stale' };

/**
 * PostgreSQL refuses a savepoint outside of a transaction, which proves that there is one. When the attempt fails, the
 * savepoint takes back what it did, so nothing of it is left even if the caller commits.
 */
export async function attempt<T>(transaction: InboxDatabase, work: () => Promise<T>): Promise<T> {
  try {
    await transaction.query('savepoint outbox_inbox', []);
  } catch (error) {
    if (!outsideTransaction(error)) throw error;
    throw new NotInTransaction(
      'the inbox needs the transaction of your work, and this statement ran outside of one: begin it first, and pass the client or session that belongs to it',
      { cause: error },
    );
  }
  try {
    return await work();
  } catch (error) {
    // When the connection is lost, the transaction has ended already: report the first error.
    await Promise.resolve(transaction.query('rollback to savepoint outbox_inbox', [])).catch(() => undefined);
    throw error;
  }
}

/** Drivers put the SQLSTATE into a code, into the message, or into what they wrap. */
function outsideTransaction(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return code === '25P01' || /\b25P01\b/.test(error.message) || outsideTransaction(error.cause);
}
