import { Duration } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { LambdaFunction } from './lambda-function.ts';
import { BATCH_MAX_STATE_BYTES, INLINE_MAX_BYTES, type ProcessorSettings } from './settings.ts';

export interface HandlersProps {
  readonly name: string;
  readonly cluster: rds.IDatabaseCluster;
  readonly secret: secretsmanager.ISecret;
  readonly databaseName: string;
  readonly eventBus: events.IEventBus;
  readonly eventSource: string;
  readonly settings: ProcessorSettings;
  readonly logRetention: logs.RetentionDays;
}

interface StepOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** @default 3 seconds */
  readonly timeout?: Duration;
  /** Milliseconds that one Data API call may take. @default 2500 */
  readonly databaseTimeoutMs?: number;
}

/** One function per Task state, and one that migrates. */
export class Handlers extends Construct {
  readonly migrate: LambdaFunction;
  readonly fetchBatch: LambdaFunction;
  readonly publishEvent: LambdaFunction;
  readonly markProcessed: LambdaFunction;
  readonly markFailed: LambdaFunction;
  readonly releaseBatch: LambdaFunction;
  readonly requeueEvents: LambdaFunction;
  readonly verifyRedrive: LambdaFunction;
  readonly purgeEvents: LambdaFunction;
  readonly #props: HandlersProps;

  constructor(scope: Construct, id: string, props: HandlersProps) {
    super(scope, id);
    this.#props = props;
    const { settings } = props;
    const backoff = {
      MAX_ATTEMPTS: String(settings.maxAttempts),
      BACKOFF_BASE_SECONDS: String(settings.backoffBaseSeconds),
      BACKOFF_MAX_SECONDS: String(settings.backoffMaxSeconds),
      OUTAGE_DELAY_SECONDS: String(settings.outageDelaySeconds),
    };

    this.migrate = this.#step('migrate', 'Brings the outbox table up to date; runs on deployment', {
      timeout: Duration.minutes(5),
      databaseTimeoutMs: 60_000,
    });
    this.fetchBatch = this.#step('fetch-batch', 'Claims the oldest due events', {
      environment: {
        BATCH_MAX_EVENTS: String(settings.batchMaxEvents),
        BATCH_MAX_STATE_BYTES: String(BATCH_MAX_STATE_BYTES),
        INLINE_MAX_BYTES: String(INLINE_MAX_BYTES),
        LEASE_SECONDS: String(settings.leaseSeconds),
        MAX_ATTEMPTS: String(settings.maxAttempts),
      },
    });
    this.publishEvent = this.#step('publish-event', 'Publishes events to EventBridge', {
      timeout: Duration.seconds(4),
      environment: {
        EVENT_BUS_NAME: props.eventBus.eventBusName,
        EVENT_SOURCE: props.eventSource,
        PUBLISH_TIMEOUT_MS: '2500',
      },
    });
    props.eventBus.grantPutEventsTo(this.publishEvent.function);
    this.publishEvent.function.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['events:DescribeEventBus'],
        resources: [props.eventBus.eventBusArn],
      }),
    );
    this.markProcessed = this.#step('mark-processed', 'Records what EventBridge accepted');
    this.markFailed = this.#step('mark-failed', 'Parks or backs off what was not published', {
      environment: backoff,
    });
    this.releaseBatch = this.#step('release-batch', 'Gives back what a failed run still holds', {
      environment: backoff,
    });
    this.requeueEvents = this.#step('requeue-events', 'Makes parked events due again', {
      timeout: Duration.seconds(12),
      databaseTimeoutMs: 10_000,
      environment: { REDRIVE_BATCH: '1000' },
    });
    this.verifyRedrive = this.#step('verify-redrive', 'Checks what became of redriven events', {
      timeout: Duration.seconds(12),
      databaseTimeoutMs: 10_000,
    });
    this.purgeEvents = this.#step('purge-events', 'Deletes processed events past their retention', {
      timeout: Duration.seconds(30),
      databaseTimeoutMs: 5_000,
      environment: {
        RETENTION_DAYS: String(settings.retentionDays),
        PURGE_BATCH: '1000',
        PURGE_PAUSE_MS: '50',
        PURGE_WORK_MS: '20000',
      },
    });
  }

  // Each patience is longer than the one inside it, so that a retry never overlaps the call it repeats:
  // SDK call < function < TimeoutSeconds of its state.
  #step(handler: string, description: string, options: StepOptions = {}): LambdaFunction {
    const { name, cluster, secret, databaseName, logRetention } = this.#props;
    const step = new LambdaFunction(this, handler, {
      handler,
      functionName: `${name}-${handler}`,
      description,
      timeout: options.timeout ?? Duration.seconds(3),
      environment: {
        CLUSTER_ARN: cluster.clusterArn,
        SECRET_ARN: secret.secretArn,
        DATABASE_NAME: databaseName,
        DATABASE_TIMEOUT_MS: String(options.databaseTimeoutMs ?? 2_500),
        ...options.environment,
      },
      logRetention,
    });
    cluster.grantDataApiAccess(step.function);
    return step;
  }
}
