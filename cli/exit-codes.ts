import { CommanderError } from 'commander';
import { InvalidRedriveRequest } from '../outbox/redrive-request.ts';
import { InvalidReplayRequest } from '../outbox/replay-request.ts';
import { printable } from './printable.ts';
import { OutputLost } from './stdout.ts';

/** The exit codes for scripts. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The command worked, and the answer is no: exit code 1. */
export class Failed extends Error {
  override readonly name = 'Failed';
}

/** The command line is not complete or not correct: exit code 2. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}

/** The service does not answer or refuses access: exit code 3. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

const network = /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE)$/;
const signIn =
  /^(AccessDenied(Exception)?|ExpiredToken(Exception)?|InvalidClientTokenId|InvalidSignatureException|UnrecognizedClientException|SignatureDoesNotMatch)$/;

/** One sentence for a person and one exit code for a script, for everything that can be thrown. */
export function explain(error: unknown, place: string): { sentence: string; exitCode: ExitCode } {
  const chain = [...causes(error)];
  const of = (test: (cause: Error) => boolean) => chain.find(test);
  const say = (exitCode: ExitCode, text: string) => ({ sentence: oneLine(text), exitCode });

  if (error instanceof OutputLost) return say(exitCodes.failed, error.message);
  const ours = of((cause) => cause instanceof Failed || cause instanceof Unreachable);
  if (ours !== undefined)
    return say(ours instanceof Failed ? exitCodes.failed : exitCodes.unreachable, ours.message);
  const usage = of(
    (cause) =>
      cause instanceof WrongUsage ||
      cause instanceof InvalidRedriveRequest ||
      cause instanceof InvalidReplayRequest,
  );
  if (usage !== undefined) return say(exitCodes.usage, usage.message);
  if (error instanceof CommanderError) return say(exitCodes.usage, error.message.replace(/^error: /, ''));

  const offline = of(
    (cause) => network.test(code(cause)) || cause.name === 'TimeoutError' || cause.message === 'fetch failed',
  );
  if (offline !== undefined) {
    const reason = chain.map(code).find(Boolean) ?? chain.at(-1)?.message;
    return say(exitCodes.unreachable, `${place} does not answer (${reason})`);
  }
  if (of(({ name }) => name === 'CredentialsProviderError') !== undefined) {
    return say(
      exitCodes.unreachable,
      'no AWS credentials were found: sign in (aws sso login), set AWS_PROFILE, or use --local',
    );
  }
  if (of(({ message }) => message === 'Region is missing') !== undefined)
    return say(exitCodes.unreachable, 'no AWS region is set: set AWS_REGION, or use --local');
  const refused = of(({ name }) => signIn.test(name));
  if (refused !== undefined) return say(exitCodes.unreachable, `${place} refuses: ${text(refused)}`);
  if (of(({ message }) => message.includes('SQLState: 25006')) !== undefined)
    return say(
      exitCodes.unreachable,
      "the database refuses to write: this secret's user may only read, so give --secret-arn of the processor; or it fails over, so try again",
    );
  const unavailable = of(({ name }) => name === 'DatabaseUnavailable');
  if (unavailable !== undefined)
    return say(exitCodes.unreachable, `the database cannot be used now: ${unavailable.message}`);
  return say(exitCodes.failed, error instanceof Error ? text(error) : String(error));
}

/** The permission that AWS says is missing, or the message of AWS if it names none; undefined for any other error. */
export function missingPermission(error: unknown): string | undefined {
  const refused = [...causes(error)].find(({ name }) => /^AccessDenied(Exception)?$/.test(name));
  if (refused === undefined) return undefined;
  const [, action] = /not authorized to perform:? ([\w-]+:\w+)/.exec(refused.message) ?? [];
  return action === undefined ? `no permission: ${oneLine(refused.message)}` : `no permission for ${action}`;
}

function text({ name, message }: Error): string {
  return name === 'Error' || name.startsWith('Database') ? message : `${name}: ${message}`;
}

function* causes(error: unknown): Generator<Error> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) yield cause;
}

function code(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}

function oneLine(sentence: string): string {
  return printable(sentence.replace(/\s+/g, ' ').trim());
}
