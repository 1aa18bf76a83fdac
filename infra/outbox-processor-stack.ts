import { Arn, ArnFormat, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as events from 'aws-cdk-lib/aws-events';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledgements.ts';
import type { Config } from './config.ts';
import { consoleOf } from './console.ts';
import { OutboxProcessor } from './outbox-processor.ts';
import type { OutboxProcessorProps } from './outbox-processor-props.ts';

export interface OutboxProcessorStackProps extends StackProps {
  readonly config: Config;
}

/** The construct with what the configuration brings, and the outputs an operator needs next. */
export class OutboxProcessorStack extends Stack {
  constructor(scope: Construct, id: string, { config, ...props }: OutboxProcessorStackProps) {
    super(scope, id, props);
    const outbox = new OutboxProcessor(this, 'Outbox', { ...settingsOf(config), ...this.#given(config) });
    acknowledge(outbox.findings);

    const { processor, redrive, cleanup, databaseUsers } = outbox;
    const console = consoleOf(this);
    this.#output('ClusterArn', outbox.cluster.clusterArn);
    this.#output('DatabaseName', outbox.databaseName);
    this.#output('ProcessorSecretArn', databaseUsers.processorSecret.secretArn);
    this.#output('ProducerSecretArn', databaseUsers.producerSecret.secretArn);
    this.#output('EventBusName', outbox.eventBusAddress);
    this.#output('ProcessorArn', processor.stateMachine.stateMachineArn);
    this.#output('RedriveArn', redrive.stateMachine.stateMachineArn);
    this.#output('CleanupArn', cleanup.stateMachine.stateMachineArn);
    for (const [name, { stateMachine }] of Object.entries({
      Processor: processor,
      Redrive: redrive,
      Cleanup: cleanup,
    })) {
      this.#output(
        `${name}Console`,
        `${console}/states/home?region=${this.region}#/statemachines/view/${stateMachine.stateMachineArn}`,
      );
    }
    this.#output(
      'DashboardConsole',
      `${console}/cloudwatch/home?region=${this.region}#dashboards/dashboard/${outbox.dashboard.dashboardName}`,
    );
    this.#output(
      'HistoryLogConsole',
      // The console's own escape of a slash.
      `${console}/cloudwatch/home?region=${this.region}#logsV2:log-groups/log-group/$252Faws$252Fvendedlogs$252Fstates$252F${config.name ?? 'outbox'}-processor`,
    );
  }

  #given({
    clusterArn,
    clusterSecretArn,
    eventBusArn,
    eventBusName,
    alarmTopicArn,
  }: Config): OutboxProcessorProps {
    return {
      ...(clusterArn !== undefined && {
        cluster: rds.DatabaseCluster.fromDatabaseClusterAttributes(this, 'Cluster', {
          clusterIdentifier: Arn.split(clusterArn, ArnFormat.COLON_RESOURCE_NAME).resourceName ?? clusterArn,
        }),
      }),
      ...(clusterSecretArn !== undefined && {
        clusterSecret: secretsmanager.Secret.fromSecretCompleteArn(this, 'ClusterSecret', clusterSecretArn),
      }),
      ...(eventBusArn === undefined
        ? { eventBusName }
        : { eventBus: events.EventBus.fromEventBusArn(this, 'EventBus', eventBusArn) }),
      ...(alarmTopicArn !== undefined && {
        alarmActions: [new SnsAction(sns.Topic.fromTopicArn(this, 'AlarmTopic', alarmTopicArn))],
      }),
    };
  }

  #output(name: string, value: string): void {
    new CfnOutput(this, name, { value });
  }
}

function settingsOf(config: Config): OutboxProcessorProps {
  const seconds = (value: number | undefined) => (value === undefined ? undefined : Duration.seconds(value));
  const { intervalMinutes, retentionDays, cleanupIntervalMinutes, maximumEventAgeMinutes } = config;
  return {
    name: config.name,
    databaseName: config.databaseName,
    eventSource: config.eventSource,
    interval: intervalMinutes === undefined ? undefined : Duration.minutes(intervalMinutes),
    retention: retentionDays === undefined ? undefined : Duration.days(retentionDays),
    cleanupInterval:
      cleanupIntervalMinutes === undefined ? undefined : Duration.minutes(cleanupIntervalMinutes),
    maximumEventAge:
      maximumEventAgeMinutes === undefined ? undefined : Duration.minutes(maximumEventAgeMinutes),
    lanes: config.lanes,
    linger: seconds(config.lingerSeconds),
    pollInterval: seconds(config.pollSeconds),
    batchSize: config.batchSize,
    publishChunkSize: config.publishChunkSize,
    publishConcurrency: config.publishConcurrency,
    publishRetries: config.publishRetries,
    maxAttempts: config.maxAttempts,
    lease: seconds(config.leaseSeconds),
    backoffBase: seconds(config.backoffBaseSeconds),
    backoffMax: seconds(config.backoffMaxSeconds),
    outageDelay: seconds(config.outageDelaySeconds),
    outageLimit: seconds(config.outageLimitSeconds),
    executionHistory: config.executionHistory,
    logRetention: config.logRetentionDays,
    runbookUrl: config.runbookUrl,
  };
}
