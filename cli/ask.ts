import confirm from '@inquirer/confirm';
import { Failed, WrongUsage } from './exit-codes.ts';
import { MATCHES_LIMIT } from './start-execution.ts';

interface Words {
  readonly question: string;
  /** The reason to ask, for whoever started the command where nobody can be asked. */
  readonly reason: string;
  /** What the answer no means. */
  readonly refused: string;
}

/** @throws WrongUsage where nobody can be asked, Failed when the answer is no */
export async function ask({ question, reason, refused }: Words): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new WrongUsage(`${reason} and nobody can be asked: look with --dry-run, then say --yes`);
  const prompt = confirm({ message: question, default: false }, { output: process.stderr });
  if (!(await prompt.catch(() => false))) throw new Failed(refused);
}

/** Counted up to {@link MATCHES_LIMIT}. */
export function eventsIn(count: number): string {
  if (count === MATCHES_LIMIT) return `at least ${count} events`;
  return count === 1 ? '1 event' : `${count} events`;
}
