import { Duration } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { CheckedSettings } from './check-settings.ts';
import type { DatabaseUsers } from './database-users.ts';
import { environmentVariables } from './environment-variables.ts';
import { LambdaFunction } from './lambda-function.ts';
import type { LogSettings } from './log-group.ts';
import type { OrderingOnFailure } from './outbox-processor-props.ts';

export interface HandlersProps {
  readonly name: string;
  readonly databaseUsers: DatabaseUsers;
  readonly ownerSecret: secretsmanager.ISecret;
  readonly eventBus: events.IEventBus;
  /** What PutEvents takes as `EventBusName`. */
  readonly eventBusAddress: string;
  readonly eventSource: string;
  readonly metricsNamespace: string;
  readonly settings: CheckedSettings;
  readonly orderingOnFailure: OrderingOnFailure;
  readonly logs: LogSettings;
}

// Timeouts nest, so that a retry never overlaps the call it repeats: statement
// (the role's statement_timeout, set by the migration) < SDK call < function < TimeoutSeconds of its state.
const DATABASE_TIMEOUT_MS = '2500';
// A fetch checks the bus before it claims: 1 s + 2.5 s is less than the function's 4 s.
const BUS_CHECK_TIMEOUT_MS = '1000';
// A publish may need two requests (all events, then each separately): 2 x 1.3 s is less than the function's 4 s.
const PUBLISH_TIMEOUT_MS = '1300';

// Memory determines CPU: with 512 MB a function has 0.29 of a core, and does its heaviest call within half of its
// timeout, including the loading of its bundle. Measurements are in docs/performance.md, `bench/cpu` repeats them.
const memoryMb = {
  // 240 KB of state from an answer of up to 1 MiB, in 4 s, of which the check of the bus may take one.
  'fetch-batch': 512,
  // An event of 1 MB is read in slices and sent, or ten of 48 KB, in 4 s.
  'publish-event': 512,
  // 200 outcomes of up to 256 KiB, in 3 s: with 256 MB, loading the bundle would take half of that.
  'mark-processed': 512,
  'mark-failed': 512,
  'release-batch': 512,
  'mark-replayed': 512,
  // 12 to 30 s, most of it spent waiting for the database.
  'requeue-events': 256,
  'verify-redrive': 256,
  'replay-events': 256,
  'purge-events': 256,
  migrate: 256,
} as const;

/** One function per Task state, and one that migrates. Each has only the permissions it needs. */
export class Handlers extends Construct {
  readonly migrate: LambdaFunction;
  readonly fetchBatch: LambdaFunction;
  readonly publishEvent: LambdaFunction;
  readonly markProcessed: LambdaFunction;
  readonly markFailed: LambdaFunction;
  readonly releaseBatch: LambdaFunction;
  readonly requeueEvents: LambdaFunction;
  readonly verifyRedrive: LambdaFunction;
  readonly replayEvents: LambdaFunction;
  readonly markReplayed: LambdaFunction;
  readonly purgeEvents: LambdaFunction;
  readonly #props: HandlersProps;
  readonly #steps: LambdaFunction[] = [];

  constructor(scope: Construct, id: string, props: HandlersProps) {
    super(scope, id);
    this.#props = props;
    const { settings } = props;
    const { maxAttempts, backoffBaseSeconds, backoffMaxSeconds } = settings;
    const { outageDelaySeconds, outageLimitSeconds } = settings;
    // Absent means block.
    const ordering: Record<string, string> =
      props.orderingOnFailure === 'continue' ? { ORDERING_ON_FAILURE: 'continue' } : {};
    const backoffSettings = { maxAttempts, backoffBaseSeconds, backoffMaxSeconds };
    const outageSettings = { outageDelaySeconds, outageLimitSeconds };
    const backoff = { ...environmentVariables({ ...backoffSettings, ...outageSettings }), ...ordering };
    this.migrate = this.#migrate();
    this.fetchBatch = this.#step('fetch-batch', 'Claims the oldest due events', Duration.seconds(4), {
      EVENT_BUS_NAME: props.eventBusAddress,
      BUS_CHECK_TIMEOUT_MS,
      // A state holds 262,144 bytes; the rest is for the data around the events.
      BATCH_MAX_STATE_BYTES: '240000',
      ...ordering,
      ...environmentVariables({
        batchSize: settings.batchSize,
        inlinePayloadBytes: settings.inlinePayloadBytes,
        leaseSeconds: settings.leaseSeconds,
        maxAttempts,
      }),
    });
    this.#allow(this.fetchBatch, 'events:DescribeEventBus');
    const publishing = {
      EVENT_BUS_NAME: props.eventBusAddress,
      EVENT_SOURCE: props.eventSource,
      PUBLISH_TIMEOUT_MS,
    };
    this.publishEvent = this.#step(
      'publish-event',
      'Publishes events to EventBridge',
      Duration.seconds(4),
      publishing,
    );
    this.#allow(this.publishEvent, 'events:PutEvents');
    this.markProcessed = this.#step(
      'mark-processed',
      'Records what EventBridge accepted',
      Duration.seconds(3),
    );
    this.markFailed = this.#step(
      'mark-failed',
      'Records what was not published: failed for good, or due again later',
      Duration.seconds(3),
      backoff,
    );
    this.releaseBatch = this.#step(
      'release-batch',
      'Gives back what a failed run still holds',
      Duration.seconds(3),
      backoff,
    );
    this.requeueEvents = this.#step('requeue-events', 'Makes failed events due again', Duration.seconds(12), {
      REDRIVE_BATCH: '1000',
    });
    this.verifyRedrive = this.#step(
      'verify-redrive',
      'Checks what became of redriven events',
      Duration.seconds(12),
    );
    this.replayEvents = this.#step(
      'replay-events',
      'Publishes processed events again',
      Duration.seconds(30),
      {
        ...publishing,
        BUS_CHECK_TIMEOUT_MS,
        REPLAY_WORK_MS: '20000',
      },
    );
    this.#allow(this.replayEvents, 'events:DescribeEventBus', 'events:PutEvents');
    this.markReplayed = this.#step(
      'mark-replayed',
      'Records what EventBridge accepted again',
      Duration.seconds(3),
    );
    this.purgeEvents = this.#step(
      'purge-events',
      'Deletes processed events past their retention',
      Duration.seconds(30),
      {
        ...environmentVariables({ retentionDays: settings.retentionDays }),
        PURGE_WORK_MS: '20000',
      },
    );
  }

  /** The functions that Task states invoke. */
  get steps(): readonly LambdaFunction[] {
    return this.#steps;
  }

  /** The functions of the steps, and the one that migrates. */
  get all(): readonly LambdaFunction[] {
    return [...this.steps, this.migrate];
  }

  #step(
    handler: keyof typeof memoryMb,
    description: string,
    timeout: Duration,
    environment: Readonly<Record<string, string>> = {},
  ): LambdaFunction {
    const { databaseUsers } = this.#props;
    const step = this.#function(handler, description, timeout, {
      ...databaseUsers.environment(databaseUsers.processorSecret),
      DATABASE_TIMEOUT_MS,
      ...environment,
    });
    databaseUsers.grant(step.role, databaseUsers.processorSecret, 'ExecuteStatement');
    this.#steps.push(step);
    return step;
  }

  /** Allows a function these actions on the bus. */
  #allow(step: LambdaFunction, ...actions: readonly string[]): void {
    const resources = [this.#props.eventBus.eventBusArn];
    step.role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: [...actions], resources }));
  }

  #migrate(): LambdaFunction {
    const { databaseUsers, ownerSecret } = this.#props;
    const { processorSecret, producerSecret, operatorSecret } = databaseUsers;
    const migrate = this.#function(
      'migrate',
      'Brings the outbox up to date; runs on deployment',
      // Longer than its wait for a database (lambdas/migrate.ts), shorter than the timeout of the trigger.
      Duration.minutes(9),
      {
        ...databaseUsers.environment(ownerSecret),
        OUTBOX_NAME: this.#props.name,
        PROCESSOR_SECRET_ARN: processorSecret.secretArn,
        PRODUCER_SECRET_ARN: producerSecret.secretArn,
        OPERATOR_SECRET_ARN: operatorSecret.secretArn,
        // The Data API itself ends a statement after 45 seconds.
        DATABASE_TIMEOUT_MS: '60000',
      },
    );
    databaseUsers.grant(
      migrate.role,
      ownerSecret,
      'BeginTransaction',
      'CommitTransaction',
      'ExecuteStatement',
      'RollbackTransaction',
    );
    migrate.role.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['secretsmanager:GetSecretValue'],
        resources: [processorSecret, producerSecret, operatorSecret].map(({ secretArn }) => secretArn),
      }),
    );
    return migrate;
  }

  #function(
    handler: keyof typeof memoryMb,
    description: string,
    timeout: Duration,
    environment: Readonly<Record<string, string>>,
  ): LambdaFunction {
    const { name, metricsNamespace, logs, settings } = this.#props;
    const { reservedConcurrency } = settings;
    const powertools = { POWERTOOLS_SERVICE_NAME: name, POWERTOOLS_METRICS_NAMESPACE: metricsNamespace };
    return new LambdaFunction(this, handler, {
      handler,
      functionName: `${name}-${handler}`,
      description,
      timeout,
      memorySize: memoryMb[handler],
      environment: { ...powertools, ...environment },
      logs,
      ...(handler === 'publish-event' && reservedConcurrency !== undefined && { reservedConcurrency }),
    });
  }
}
