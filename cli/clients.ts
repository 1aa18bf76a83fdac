import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SFNClient } from '@aws-sdk/client-sfn';
import { createDataApi, type TransactionalDataApi } from '../outbox/data-api.ts';
import type { Target } from './target.ts';

export interface Clients {
  /** Signs in as the processor's user, as the one that may only insert, or as the one that may only read. */
  database(as?: 'operator' | 'producer' | 'reader'): TransactionalDataApi;
  readonly stepFunctions: SFNClient;
  readonly eventBridge: EventBridgeClient;
  readonly lambda: LambdaClient;
  readonly scheduler: SchedulerClient;
}

const secrets = {
  operator: 'secretArn',
  producer: 'producerSecretArn',
  reader: 'operatorSecretArn',
} as const;

/** The difference between AWS and the twin: the endpoint, and that the twin needs no credentials. */
export function clientOptions({ localUrl, region }: Target) {
  return {
    requestHandler: { connectionTimeout: 5_000 },
    ...(region !== undefined && { region }),
    ...(localUrl !== undefined && {
      endpoint: localUrl,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      disableHostPrefix: true,
    }),
  };
}

export function createClients(target: Target): Clients {
  const options = clientOptions(target);
  // A service that hangs is a finding of doctor, not its end.
  const prompt = {
    ...options,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  };
  return {
    database: (as = 'operator') =>
      createDataApi(new RDSDataClient(options), {
        resourceArn: target.need('clusterArn'),
        secretArn: target.need(secrets[as]),
        database: target.need('database'),
      }),
    stepFunctions: new SFNClient(options),
    eventBridge: new EventBridgeClient(prompt),
    // A migration of a large table may take minutes.
    lambda: new LambdaClient({
      ...options,
      requestHandler: { connectionTimeout: 5_000, requestTimeout: 11 * 60_000 },
      maxAttempts: 1,
    }),
    scheduler: new SchedulerClient(prompt),
  };
}
