import { Duration } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as triggers from 'aws-cdk-lib/triggers';
import { Construct } from 'constructs';
import { Handlers } from './handlers.ts';
import { Schedules } from './schedules.ts';
import { defaultSettings, type ProcessorSettings } from './settings.ts';
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

/** The outbox processor: a scheduled Express state machine that publishes due events of an outbox table. */
export class OutboxProcessor extends Construct {
  /** Publishes due events; starts on the schedule. */
  readonly processor: sfn.StateMachine;
  /** Gives parked events a second chance; started by a person. */
  readonly redrive: sfn.StateMachine;
  /** Purges processed events past their retention; starts once a day. */
  readonly cleanup: sfn.StateMachine;
  readonly schedules: Schedules;

  constructor(scope: Construct, id: string, props: OutboxProcessorProps) {
    super(scope, id);
    const settings: ProcessorSettings = { ...defaultSettings, ...props.settings };
    const logRetention = props.logRetention ?? logs.RetentionDays.ONE_MONTH;
    const handlers = new Handlers(this, 'Handlers', { ...props, settings, logRetention });

    this.processor = new StateMachine(this, 'outbox-processor', {
      stateMachineName: `${props.name}-processor`,
      type: sfn.StateMachineType.EXPRESS,
      definitionFile: 'outbox-processor.asl.json',
      functions: {
        FetchBatch: handlers.fetchBatch.version,
        PublishEvent: handlers.publishEvent.version,
        MarkProcessed: handlers.markProcessed.version,
        MarkFailed: handlers.markFailed.version,
        ReleaseBatch: handlers.releaseBatch.version,
      },
      settings: { PublishChunkSize: '1' },
      logRetention,
    }).stateMachine;

    this.redrive = new StateMachine(this, 'outbox-redrive', {
      stateMachineName: `${props.name}-redrive`,
      // The console's own Redrive exists for Standard executions alone.
      type: sfn.StateMachineType.STANDARD,
      definitionFile: 'outbox-redrive.asl.json',
      functions: {
        RequeueEvents: handlers.requeueEvents.version,
        VerifyRedrive: handlers.verifyRedrive.version,
      },
      settings: { ProcessorArn: this.processor.stateMachineArn },
      logRetention,
    }).stateMachine;
    this.redrive.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['states:StartSyncExecution'],
        resources: [this.processor.stateMachineArn],
      }),
    );

    this.cleanup = new StateMachine(this, 'outbox-cleanup', {
      stateMachineName: `${props.name}-cleanup`,
      type: sfn.StateMachineType.EXPRESS,
      definitionFile: 'outbox-cleanup.asl.json',
      functions: { PurgeEvents: handlers.purgeEvents.version },
      settings: {},
      logRetention,
    }).stateMachine;

    this.schedules = new Schedules(this, 'Schedules', {
      name: props.name,
      processor: this.processor,
      interval: props.interval ?? Duration.minutes(1),
      cleanup: this.cleanup,
    });
    new triggers.Trigger(this, 'Migration', {
      handler: handlers.migrate.function,
      timeout: Duration.minutes(5),
      executeAfter: [props.cluster],
      executeBefore: [this.schedules],
    });
  }
}
