import { Duration } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as triggers from 'aws-cdk-lib/triggers';
import { Construct } from 'constructs';
import { LambdaFunction } from './lambda-function.ts';
import { Schedules } from './schedules.ts';
import {
  BATCH_MAX_STATE_BYTES,
  defaultSettings,
  INLINE_MAX_BYTES,
  type ProcessorSettings,
} from './settings.ts';
import { StateMachine } from './state-machine.ts';

export interface OutboxProcessorProps {
  /** Prefix of the physical names. */
  readonly name: string;
  /** Aurora PostgreSQL with the Data API. */
  readonly cluster: rds.IDatabaseCluster;
  /** Credentials with which the Data API signs in. */
  readonly secret: secretsmanager.ISecret;
  readonly databaseName: string;
  readonly eventBus: events.IEventBus;
  /** The `source` of every published event. */
  readonly eventSource: string;
  /** How often the processor runs. @default once a minute */
  readonly interval?: Duration;
  readonly settings?: Partial<ProcessorSettings>;
  /** @default one month */
  readonly logRetention?: logs.RetentionDays;
}

// Each patience is longer than the one inside it, so that a retry never overlaps the call it repeats:
// SDK call < function < TimeoutSeconds of its state.
const DATABASE_TIMEOUT_MS = 2_500;
const PUBLISH_TIMEOUT_MS = 2_500;
const DATABASE_FUNCTION_TIMEOUT = Duration.seconds(3);
const PUBLISH_FUNCTION_TIMEOUT = Duration.seconds(4);

/** The outbox processor: a scheduled Express state machine that publishes due events of an outbox table. */
export class OutboxProcessor extends Construct {
  readonly stateMachine: sfn.StateMachine;
  readonly schedules: Schedules;

  constructor(scope: Construct, id: string, props: OutboxProcessorProps) {
    super(scope, id);
    const settings: ProcessorSettings = { ...defaultSettings, ...props.settings };
    const logRetention = props.logRetention ?? logs.RetentionDays.ONE_MONTH;
    const database = {
      CLUSTER_ARN: props.cluster.clusterArn,
      SECRET_ARN: props.secret.secretArn,
      DATABASE_NAME: props.databaseName,
    };
    const withDatabase = (
      handler: string,
      description: string,
      environment: Readonly<Record<string, string>>,
      timeout: Duration,
      timeoutMs: number,
    ): LambdaFunction => {
      const lambdaFunction = new LambdaFunction(this, handler, {
        handler,
        functionName: `${props.name}-${handler}`,
        description,
        timeout,
        environment: { ...database, DATABASE_TIMEOUT_MS: String(timeoutMs), ...environment },
        logRetention,
      });
      props.cluster.grantDataApiAccess(lambdaFunction.function);
      return lambdaFunction;
    };
    const step = (handler: string, description: string, environment = {}): LambdaFunction =>
      withDatabase(handler, description, environment, DATABASE_FUNCTION_TIMEOUT, DATABASE_TIMEOUT_MS);
    const backoff = {
      MAX_ATTEMPTS: String(settings.maxAttempts),
      BACKOFF_BASE_SECONDS: String(settings.backoffBaseSeconds),
      BACKOFF_MAX_SECONDS: String(settings.backoffMaxSeconds),
      OUTAGE_DELAY_SECONDS: String(settings.outageDelaySeconds),
    };

    const migrate = withDatabase(
      'migrate',
      'Brings the outbox table up to date; runs on deployment',
      {},
      Duration.minutes(5),
      60_000,
    );
    const fetchBatch = step('fetch-batch', 'Claims the oldest due events', {
      BATCH_MAX_EVENTS: String(settings.batchMaxEvents),
      BATCH_MAX_STATE_BYTES: String(BATCH_MAX_STATE_BYTES),
      INLINE_MAX_BYTES: String(INLINE_MAX_BYTES),
      LEASE_SECONDS: String(settings.leaseSeconds),
      MAX_ATTEMPTS: String(settings.maxAttempts),
    });
    const publishEvent = withDatabase(
      'publish-event',
      'Publishes events to EventBridge',
      {
        EVENT_BUS_NAME: props.eventBus.eventBusName,
        EVENT_SOURCE: props.eventSource,
        PUBLISH_TIMEOUT_MS: String(PUBLISH_TIMEOUT_MS),
      },
      PUBLISH_FUNCTION_TIMEOUT,
      DATABASE_TIMEOUT_MS,
    );
    props.eventBus.grantPutEventsTo(publishEvent.function);
    publishEvent.function.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['events:DescribeEventBus'],
        resources: [props.eventBus.eventBusArn],
      }),
    );
    const markProcessed = step('mark-processed', 'Records what EventBridge accepted');
    const markFailed = step('mark-failed', 'Parks or backs off what was not published', backoff);
    const releaseBatch = step('release-batch', 'Gives back what a failed run still holds', backoff);

    this.stateMachine = new StateMachine(this, 'outbox-processor', {
      stateMachineName: `${props.name}-processor`,
      type: sfn.StateMachineType.EXPRESS,
      definitionFile: 'outbox-processor.asl.json',
      functions: {
        FetchBatch: fetchBatch.version,
        PublishEvent: publishEvent.version,
        MarkProcessed: markProcessed.version,
        MarkFailed: markFailed.version,
        ReleaseBatch: releaseBatch.version,
      },
      settings: { PublishChunkSize: '1' },
      logRetention,
    }).stateMachine;

    this.schedules = new Schedules(this, 'Schedules', {
      name: props.name,
      processor: this.stateMachine,
      interval: props.interval ?? Duration.minutes(1),
    });
    new triggers.Trigger(this, 'Migration', {
      handler: migrate.function,
      timeout: Duration.minutes(5),
      executeAfter: [props.cluster],
      executeBefore: [this.schedules],
    });
  }
}
