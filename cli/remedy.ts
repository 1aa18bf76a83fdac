const health = 'https://health.aws.amazon.com says whether AWS knows of a problem';
const askAgain = `wait and ask again: the service has an error of its own; ${health}`;
const signIn =
  /AccessDenied|NotAuthorized|UnrecognizedClient|InvalidClientTokenId|MissingAuthentication|ExpiredToken|RequestExpired|Signature|OptInRequired/;
const network =
  /\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE)\b|fetch failed/;
const tooMuch = /throttl|TooManyRequests|RequestLimitExceeded|SlowDown/i;
const absent = /ResourceNotFound|DoesNotExist|NotFoundException/;

/** What to do while the bus accepts nothing, from the error type that its events got. */
export function busRemedy(errorType: string): string {
  if (/^Lambda\./.test(errorType))
    return `look whether the function publish-event exists and may be invoked, else wait: ${health}`;
  if (absent.test(errorType)) return 'create the bus again';
  if (signIn.test(errorType)) return 'allow events:PutEvents on the bus to the role of publish-event';
  if (/^(CallExpired|ClocksDiffer)$/.test(errorType))
    return 'doctor compares the clocks; look for cold starts of publish-event and a slow database';
  if (network.test(errorType) || /Timeout/.test(errorType))
    return `wait: it drains by itself; ${health}, else look at the network between the functions and EventBridge`;
  return `wait: it drains by itself; ${health}`;
}

type Rule = readonly [RegExp, string];

/** What the Data API and PostgreSQL answer. */
const databaseRules: readonly Rule[] = [
  [/DatabaseResuming|resuming/, 'wait half a minute: the cluster slept and is resuming'],
  [
    /HttpEndpointNotEnabled|HttpEndpoint is not enabled/,
    'look at the ARN of the cluster; enable its Data API (aws rds enable-http-endpoint)',
  ],
  [/SecretsError|InvalidSecret/, 'look at the ARN of the secret, and at what the secret holds'],
  [
    /SQLState: 28|password authentication failed/,
    'sync-roles: it gives the roles the passwords of their secrets again',
  ],
  [
    /DatabaseNotFound|SQLState: 3D000/,
    'look at the ARN of the cluster and at the name of the database (--database)',
  ],
  [
    /SQLState: 42501/,
    "as the owner: select outbox_grant_processor('<the role>'); doctor with the processor's own secret names it",
  ],
  [
    /SQLState: (42P01|42703|42883|3F000)/,
    'deploy again: the migration creates what is missing, or use the CLI of the version that is deployed',
  ],
  [
    /SQLState: 57014|StatementTimeout/,
    'look for what makes the database slow: docs/operations.md, Database capacity',
  ],
  [
    /SQLState: 53300|too many (clients|connections)/i,
    'close connections, or raise the capacity of the cluster',
  ],
];

export interface Asked {
  /** The twin instead of AWS. */
  readonly local: boolean;
  /** What to do when what was asked for is not there. */
  readonly ifAbsent: string;
}

/** What to do about the error of a call, from what was answered: nothing has to be made again because nobody answers. */
export function remedyOf(error: unknown, { local, ifAbsent }: Asked): string {
  const text = [...causes(error)].map(describe).join('\n');
  const rule = databaseRules.find(([pattern]) => pattern.test(text));
  if (rule !== undefined) return rule[1];
  if (/InternalServerError|ServiceUnavailable/.test(text)) return askAgain;
  if (/DatabaseUnavailable|InvalidResourceState|Communications link|SQLState: 57P0/.test(text)) {
    return local
      ? 'wait a few seconds; if it stays, start the twin again (npm start)'
      : `wait half a minute, as a failover or a resume takes; if it stays, start the cluster (aws rds start-db-cluster); ${health}`;
  }
  if (absent.test(text)) return ifAbsent;
  if (tooMuch.test(text)) return 'ask again in a minute: too much is asked of this API';
  if (signIn.test(text) || text.includes('CredentialsProviderError'))
    return 'sign in again (aws sso login), look at AWS_PROFILE and at the clock of this machine';
  if (network.test(text) || /Timeout/.test(text)) {
    return local
      ? 'look whether npm start still runs'
      : `look at the network between this machine and AWS, else wait: ${health}`;
  }
  if (isFault(error)) return askAgain;
  return 'follow the message: doctor has no further advice for this error';
}

function isFault(error: unknown): boolean {
  return [...causes(error)].some((cause) => {
    const metadata =
      '$metadata' in cause ? (cause.$metadata as { readonly httpStatusCode?: number }) : undefined;
    return (metadata?.httpStatusCode ?? 0) >= 500 || /Internal|ServiceUnavailable/.test(cause.name);
  });
}

function describe(error: Error): string {
  return [error.name, error.message, 'code' in error ? String(error.code) : ''].join(': ');
}

function* causes(error: unknown): Generator<Error> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) yield cause;
}
