import type { Config } from '../../infra/config.ts';

/** An existing cluster and bus, as the configuration names them. */
export const givenCluster = {
  clusterArn: 'arn:aws:rds:eu-central-1:123456789012:cluster:bellyfed',
  clusterSecretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:bellyfed-owner-AbCdEf',
  databaseName: 'bellyfed',
} as const satisfies Config;

export const givenBus = {
  eventBusArn: 'arn:aws:events:eu-central-1:123456789012:event-bus/orders',
} as const satisfies Config;
