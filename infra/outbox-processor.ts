import { Duration, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as rds from 'aws-cdk-lib/aws-rds';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as triggers from 'aws-cdk-lib/triggers';
import { Construct } from 'constructs';
import { Alarms } from './alarms.ts';
import { Bus } from './bus.ts';
import { checkSettings } from './check-settings.ts';
import { OutboxDashboard } from './dashboard.ts';
import { Database, type DatabaseProps, hasFixedCapacity } from './database.ts';
import { DatabaseUsers } from './database-users.ts';
import { Handlers } from './handlers.ts';
import { grantLogsUse, type LogSettings } from './log-group.ts';
import { METRICS_NAMESPACE, type OutboxMetric, outboxMetric } from './metrics.ts';
import { type Finding, findingsOf } from './nag-findings.ts';
import { checkProps, type GivenDatabase, type OutboxProcessorProps } from './outbox-processor-props.ts';
import { processorDefinition, readDefinition } from './processor-definition.ts';
import { Schedules } from './schedules.ts';
import { StateMachine } from './state-machine.ts';

const TRIGGER_PROVIDER = 'AWSCDK.TriggerCustomResourceProviderCustomResourceProvider';

/** A transactional outbox: due events of a table in Aurora reach EventBridge, at least once. */
export class OutboxProcessor extends Construct {
  readonly cluster: rds.IDatabaseCluster;
  /** The database that holds the outbox table. */
  readonly databaseName: string;
  readonly eventBus: events.IEventBus;
  /** What PutEvents takes as `EventBusName`: the name of a new bus, the ARN of a given one. */
  readonly eventBusAddress: string;
  /** The database roles and their secrets. */
  readonly databaseUsers: DatabaseUsers;
  /** Publishes due events; starts on the schedule. */
  readonly processor: StateMachine;
  /** Gives failed events a second chance; started by a person. */
  readonly redrive: StateMachine;
  /** Publishes processed events again; started by a person. */
  readonly replay: StateMachine;
  /** Purges processed events past their retention; starts on a schedule of its own. */
  readonly cleanup: StateMachine;
  readonly schedules: Schedules;
  readonly alarms: readonly cloudwatch.Alarm[];
  readonly dashboard: cloudwatch.Dashboard;
  readonly #name: string;
  readonly #handlers: Handlers;

  constructor(scope: Construct, id: string, props: OutboxProcessorProps = {}) {
    super(scope, id);
    const settings = checkSettings(props);
    const interval = Duration.minutes(settings.intervalMinutes);
    const cleanupInterval = Duration.minutes(settings.cleanupIntervalMinutes);
    const { name, eventSource, databaseName, orderingOnFailure, given } = checkProps(props);
    this.#name = name;
    const { encryptionKey, permissionsBoundary } = props;
    if (encryptionKey !== undefined) grantLogsUse(this, encryptionKey);
    const { cluster, ownerSecret } =
      given ?? newDatabase(this, { databaseName, encryptionKey, ...props.newCluster });
    this.cluster = cluster;
    this.databaseName = databaseName;
    this.eventBus =
      props.eventBus ??
      new Bus(this, 'Bus', {
        eventBusName: props.eventBusName ?? `${name}-events`,
        description: `Domain events, published from the outbox ${name}`,
        ...(props.archiveRetention !== undefined && { archiveRetention: props.archiveRetention }),
        ...(encryptionKey !== undefined && { encryptionKey }),
      }).eventBus;
    // The name would be a bus of the same name in this account and region.
    this.eventBusAddress =
      props.eventBus === undefined ? this.eventBus.eventBusName : this.eventBus.eventBusArn;
    this.databaseUsers = new DatabaseUsers(this, 'DatabaseUsers', {
      name,
      cluster,
      ownerSecret,
      databaseName,
      ...(encryptionKey !== undefined && { encryptionKey }),
    });

    const logSettings: LogSettings = {
      retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
      ...(encryptionKey !== undefined && { encryptionKey }),
    };
    this.#handlers = new Handlers(this, 'Handlers', {
      name,
      databaseUsers: this.databaseUsers,
      ownerSecret,
      eventBus: this.eventBus,
      eventBusAddress: this.eventBusAddress,
      eventSource,
      metricsNamespace: METRICS_NAMESPACE,
      settings,
      orderingOnFailure,
      logs: logSettings,
    });
    const handlers = this.#handlers;
    const common = { executionHistory: props.executionHistory ?? 'all', logs: logSettings } as const;

    this.processor = new StateMachine(this, 'outbox-processor', {
      ...common,
      stateMachineName: `${name}-processor`,
      type: sfn.StateMachineType.EXPRESS,
      ...processorDefinition(settings),
      functions: {
        FetchBatch: handlers.fetchBatch,
        PublishEvent: handlers.publishEvent,
        MarkProcessed: handlers.markProcessed,
        MarkFailed: handlers.markFailed,
        ReleaseBatch: handlers.releaseBatch,
      },
    });
    const processorArn = this.processor.stateMachine.stateMachineArn;
    // The console has a Redrive button only for Standard executions.
    const type = sfn.StateMachineType.STANDARD;
    const byHand = { ...common, type, settings: { ProcessorArn: processorArn } } as const;
    this.redrive = new StateMachine(this, 'outbox-redrive', {
      ...byHand,
      stateMachineName: `${name}-redrive`,
      definition: readDefinition('outbox-redrive.asl.json'),
      functions: { RequeueEvents: handlers.requeueEvents, VerifyRedrive: handlers.verifyRedrive },
    });
    this.replay = new StateMachine(this, 'outbox-replay', {
      ...byHand,
      stateMachineName: `${name}-replay`,
      definition: readDefinition('outbox-replay.asl.json'),
      functions: { ReplayEvents: handlers.replayEvents, MarkReplayed: handlers.markReplayed },
    });
    for (const { role } of [this.redrive, this.replay])
      this.processor.stateMachine.grantStartSyncExecution(role);
    this.cleanup = new StateMachine(this, 'outbox-cleanup', {
      ...common,
      stateMachineName: `${name}-cleanup`,
      type: sfn.StateMachineType.EXPRESS,
      definition: readDefinition('outbox-cleanup.asl.json'),
      functions: { PurgeEvents: handlers.purgeEvents },
    });

    this.schedules = new Schedules(this, 'Schedules', {
      name,
      processor: this.processor.stateMachine,
      interval,
      lanes: settings.lanes,
      cleanup: this.cleanup.stateMachine,
      cleanupInterval,
      paused: props.paused ?? false,
      ...(encryptionKey !== undefined && { encryptionKey }),
    });
    const observed = { name, processor: this.processor.stateMachine, handlers };
    const alarms = new Alarms(this, 'Alarms', {
      ...observed,
      cleanup: this.cleanup.stateMachine,
      deadLetterQueue: this.schedules.deadLetterQueue,
      interval,
      cleanupInterval,
      maximumEventAge: Duration.minutes(settings.maximumEventAgeMinutes),
      actions: props.alarmActions ?? [],
      ...(props.runbookUrl !== undefined && { runbookUrl: props.runbookUrl }),
      ...(!hasFixedCapacity(props.newCluster) && { cluster }),
    });
    this.alarms = alarms.all;
    new triggers.Trigger(this, 'Migration', {
      handler: handlers.migrate.function,
      timeout: Duration.minutes(10),
      executeAfter: [cluster, this.databaseUsers],
      // New handlers must not run before their tables exist, even when the schedules do not change.
      executeBefore: [this.processor, this.redrive, this.replay, this.cleanup, this.schedules, alarms],
    });

    this.dashboard = new OutboxDashboard(this, 'Dashboard', {
      ...observed,
      historyLogGroup: this.processor.logGroup,
      cluster,
      alarms: this.alarms,
    }).dashboard;
    if (permissionsBoundary !== undefined) this.#bound(permissionsBoundary);
  }

  /** Also limits the role of the CDK function that runs the migration, which all triggers of the stack share. */
  #bound(policy: iam.IManagedPolicy): void {
    const provider = Stack.of(this)
      .node.findAll()
      .filter(({ node }) => node.id === TRIGGER_PROVIDER);
    for (const scope of [this, ...provider]) iam.PermissionsBoundary.of(scope).apply(policy);
  }

  /**
   * Allows a principal to write events through the Data API, under the database role that may insert and nothing
   * else. An application that writes events beside its own data signs in as itself: `grant outbox_producer to my_app`.
   */
  grantEnqueue(grantee: iam.IGrantable): iam.Grant {
    return this.databaseUsers.grant(
      grantee,
      this.databaseUsers.producerSecret,
      'BatchExecuteStatement',
      'BeginTransaction',
      'CommitTransaction',
      'ExecuteStatement',
      'RollbackTransaction',
    );
  }

  /** Allows a principal to start a run after a commit, instead of waiting for the next tick: see `createNudge`. */
  grantNudge(grantee: iam.IGrantable): iam.Grant {
    return this.processor.stateMachine.grantStartExecution(grantee);
  }

  /** What cdk-nag's AwsSolutions pack reports about this outbox, each finding with its reason; see docs/deploy.md. */
  get findings(): readonly Finding[] {
    return findingsOf(this);
  }

  /** Where functions and state machines write: `fetch-batch`, ..., `processor`, `redrive`, `replay`, `cleanup`. */
  get logGroups(): Readonly<Record<string, logs.ILogGroup>> {
    const { processor, redrive, replay, cleanup } = this;
    const machines = Object.entries({ processor, redrive, replay, cleanup });
    return Object.fromEntries([
      ...machines.map(([name, { logGroup }]) => [name, logGroup]),
      ...this.#handlers.all.map(({ handler, logGroup }) => [handler, logGroup]),
    ]);
  }

  /** A metric of this outbox; the statistic fits the metric, the period is a minute. */
  metric(metric: OutboxMetric, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return outboxMetric(this.#name, metric, options);
  }

  /** Events that EventBridge accepted, a minute. */
  metricEventsPublished(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('EventsPublished', options);
  }

  /** Events that wait for a person, counted up to 1,000. */
  metricFailedEvents(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('FailedEvents', options);
  }

  /** Seconds since the oldest unfinished event could first be published. */
  metricOldestEventAge(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('OldestEventAge', options);
  }
}

function newDatabase(scope: Construct, props: DatabaseProps): GivenDatabase {
  const { cluster, secret } = new Database(scope, 'Database', props);
  return { cluster, ownerSecret: secret };
}
