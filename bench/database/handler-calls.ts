import { randomUUID } from 'node:crypto';

const clusterArn = 'arn:aws:rds:us-east-1:000000000000:cluster:bench';
const secretArn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:bench';

/** The environment that infra/handlers.ts gives to all functions together: without it a cold start fails. */
export const environment: Readonly<Record<string, string>> = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
  POWERTOOLS_SERVICE_NAME: 'bench',
  POWERTOOLS_METRICS_NAMESPACE: 'Bench',
  CLUSTER_ARN: clusterArn,
  SECRET_ARN: secretArn,
  DATABASE_NAME: 'bench',
  DATABASE_TIMEOUT_MS: '2500',
  PROCESSOR_SECRET_ARN: secretArn,
  PRODUCER_SECRET_ARN: secretArn,
  BATCH_SIZE: '200',
  BATCH_MAX_STATE_BYTES: '240000',
  INLINE_PAYLOAD_BYTES: '240000',
  LEASE_SECONDS: '330',
  MAX_ATTEMPTS: '8',
  BACKOFF_BASE_SECONDS: '10',
  BACKOFF_MAX_SECONDS: '900',
  OUTAGE_DELAY_SECONDS: '30',
  OUTAGE_LIMIT_SECONDS: '86400',
  EVENT_BUS_NAME: 'bench',
  EVENT_SOURCE: 'bench.outbox',
  PUBLISH_TIMEOUT_MS: '1500',
  BUS_CHECK_TIMEOUT_MS: '1000',
  REDRIVE_BATCH: '1000',
  REPLAY_WORK_MS: '20000',
  RETENTION_DAYS: '7',
  PURGE_WORK_MS: '20000',
};

const event = () => ({
  eventId: randomUUID(),
  eventType: 'dish.created',
  detail: JSON.stringify({ name: 'Laksa', text: 'x'.repeat(271) }),
  createdAt: new Date().toISOString(),
  attempts: 1,
});

/** One call of each function whose memory grows with its input. */
export const events: Readonly<Record<string, unknown>> = {
  'fetch-batch': { leaseToken: randomUUID(), runId: 'bench' },
  'publish-event': { runId: 'bench', events: Array.from({ length: 10 }, event) },
};
