import { explain, missingPermission } from '../../cli/exit-codes.ts';
import { remedyOf } from '../../cli/remedy.ts';
import type { Target } from '../../cli/target.ts';
import type { Problem } from '../api.ts';

/** An answer that is no success, in a sentence for the person in front of the page. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, error: string, message: string, remedy?: string) {
    super(message);
    this.status = status;
    this.problem = { error, message, ...(remedy !== undefined && { remedy }) };
  }
}

export const badRequest = (message: string) => new Refusal(400, 'BadRequest', message);
export const notFound = (message: string, remedy?: string) => new Refusal(404, 'NotFound', message, remedy);

interface Kind {
  readonly error: string;
  readonly status: number;
  readonly matches: RegExp;
  readonly remedy?: string;
}

const signIn = 'sign in again (aws sso login); the page goes on by itself then';

/** In this order: the first that matches the names and messages of an error and its causes. */
const kinds: readonly Kind[] = [
  { error: 'NoCredentials', status: 401, matches: /CredentialsProviderError/, remedy: signIn },
  {
    error: 'SessionExpired',
    status: 401,
    matches: /ExpiredToken|TokenRefreshRequired|RequestExpired|token.*(has )?expired/i,
    remedy: signIn,
  },
  {
    error: 'InvalidCredentials',
    status: 401,
    matches: /UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch/,
  },
  { error: 'NoRegion', status: 400, matches: /Region is missing/, remedy: 'set AWS_REGION and start again' },
  { error: 'AccessDenied', status: 403, matches: /AccessDenied|NotAuthorized|SQLState: 42501/ },
  { error: 'Throttled', status: 429, matches: /Throttling|TooManyRequests|LimitExceeded/ },
  { error: 'DatabaseUnavailable', status: 503, matches: /DatabaseUnavailable|DatabaseResuming/ },
  {
    error: 'NotThisStack',
    status: 404,
    matches:
      /StateMachineDoesNotExist|SQLState: 42P01|DatabaseNotFound|HttpEndpoint is not enabled|SecretsError/,
    remedy: 'look at --stack, AWS_PROFILE and AWS_REGION: this account and region have no such outbox',
  },
  {
    error: 'Unreachable',
    status: 502,
    matches: /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|TimeoutError/,
  },
];

/** What went wrong, and what to do, for everything that can be thrown. */
export function toRefusal(error: unknown, target: Target): Refusal {
  if (error instanceof Refusal) return error;
  const text = [...causes(error)].map(({ name, message }) => `${name}: ${message}`).join('\n');
  const kind = kinds.find(({ matches }) => matches.test(text));
  const remedy = kind?.remedy ?? remedyFor(error, target);
  return new Refusal(kind?.status ?? 500, kind?.error ?? 'Failed', sentence(error, target), remedy);
}

function sentence(error: unknown, target: Target): string {
  const permission = missingPermission(error);
  if (permission === undefined) return explain(error, target.place).sentence;
  return permission.startsWith('no permission for') ? `these credentials have ${permission}` : permission;
}

function remedyFor(error: unknown, { localUrl }: Target): string {
  if (missingPermission(error) !== undefined)
    return 'add it to the role: docs/console.md lists what the console needs';
  return remedyOf(error, { local: localUrl !== undefined, ifAbsent: 'look at --stack and AWS_REGION' });
}

function* causes(error: unknown): Generator<Error> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) yield cause;
}
