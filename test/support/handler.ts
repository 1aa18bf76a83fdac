import { jest } from '@jest/globals';
import type { Context } from 'aws-lambda';

/** The environment that the stack gives to every function that uses the database. */
export const databaseEnvironment = {
  CLUSTER_ARN: 'arn:aws:rds:us-east-1:000000000000:cluster:outbox',
  SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:outbox',
  DATABASE_NAME: 'outbox',
  DATABASE_TIMEOUT_MS: '2500',
};

export const backoffEnvironment = {
  MAX_ATTEMPTS: '8',
  BACKOFF_BASE_SECONDS: '10',
  BACKOFF_MAX_SECONDS: '900',
  OUTAGE_DELAY_SECONDS: '30',
  OUTAGE_LIMIT_SECONDS: '86400',
};

export type Environment = Readonly<Record<string, string | undefined>>;
export type Handler = (event: object, context: Context) => Promise<unknown>;

const runtime = {
  AWS_REGION: 'us-east-1',
  POWERTOOLS_SERVICE_NAME: 'outbox',
  POWERTOOLS_METRICS_NAMESPACE: 'Outbox',
};

let starts = 0;

/** Imports a handler again with exactly these variables, like a cold start. */
export async function coldStart(name: string, environment: Environment): Promise<Handler> {
  const before = { ...process.env };
  const set = Object.entries({ ...runtime, ...environment }).filter(([, value]) => value !== undefined);
  Object.assign(process.env, Object.fromEntries(set));
  try {
    starts += 1;
    // A module with another query string is another module.
    const module: unknown = await import(`../../lambdas/${name}.ts?start=${starts}`);
    return (module as { handler: Handler }).handler;
  } finally {
    for (const key of Object.keys(environment)) delete process.env[key];
    Object.assign(process.env, before);
  }
}

export interface Invocation {
  readonly result?: unknown;
  readonly error?: unknown;
  /** Everything that was printed, one element per line. */
  readonly printed: readonly string[];
}

const context = {
  functionName: 'outbox-function',
  functionVersion: '1',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:outbox-function:1',
  memoryLimitInMB: '256',
  awsRequestId: 'request-1',
} as Context;

/** Invokes a handler and captures what it writes to stdout and stderr, as CloudWatch Logs would. */
export async function invoke(handler: Handler, event: object): Promise<Invocation> {
  let output = '';
  const spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((chunk) => {
      output += String(chunk);
      return true;
    }),
  );
  try {
    const outcome = await handler(event, context).then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    return { ...outcome, printed: output.split('\n').filter((line) => line !== '') };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** The values of all metrics in embedded metric format, by name. */
export function metricsIn({ printed }: Invocation): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const line of printed) {
    const entry = JSON.parse(line) as Record<string, unknown> & {
      _aws?: { CloudWatchMetrics: { Namespace: string; Metrics: { Name: string }[] }[] };
    };
    for (const { Namespace, Metrics } of entry._aws?.CloudWatchMetrics ?? []) {
      for (const { Name } of Metrics) values[`${Namespace}/${Name}`] = entry[Name];
    }
  }
  return values;
}

/** The log lines: everything printed except metrics. */
export function logsIn({ printed }: Invocation): Record<string, unknown>[] {
  return printed
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((entry) => !('_aws' in entry));
}
