import { Arn, ArnFormat, Duration } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import type { OutboxProcessorProps } from './outbox-processor-props.ts';
import type { ProcessorSettings } from './processor-settings.ts';
import { durationUnit, numberName, settingNames } from './settings.ts';

/** The props of the construct from the configuration; resources given by ARN are imported into `scope`. */
export function propsOf(scope: Construct, config: Config): OutboxProcessorProps {
  return { ...settingsOf(config), ...given(scope, config), ...newCluster(config) };
}

function given(scope: Construct, config: Config): OutboxProcessorProps {
  const { clusterArn, clusterSecretArn, eventBusArn, alarmTopicArn } = config;
  const { encryptionKeyArn, permissionsBoundaryArn } = config;
  return {
    ...(clusterArn !== undefined && {
      cluster: rds.DatabaseCluster.fromDatabaseClusterAttributes(scope, 'Cluster', {
        clusterIdentifier: Arn.split(clusterArn, ArnFormat.COLON_RESOURCE_NAME).resourceName ?? clusterArn,
      }),
    }),
    ...(clusterSecretArn !== undefined && {
      clusterSecret: secretsmanager.Secret.fromSecretCompleteArn(scope, 'ClusterSecret', clusterSecretArn),
    }),
    ...(eventBusArn === undefined
      ? { eventBusName: config.eventBusName }
      : { eventBus: events.EventBus.fromEventBusArn(scope, 'EventBus', eventBusArn) }),
    ...(encryptionKeyArn !== undefined && {
      encryptionKey: kms.Key.fromKeyArn(scope, 'EncryptionKey', encryptionKeyArn),
    }),
    ...(permissionsBoundaryArn !== undefined && {
      permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(
        scope,
        'PermissionsBoundary',
        permissionsBoundaryArn,
      ),
    }),
    ...(alarmTopicArn !== undefined && {
      alarmActions: [new SnsAction(sns.Topic.fromTopicArn(scope, 'AlarmTopic', alarmTopicArn))],
    }),
  };
}

function newCluster({ minCapacity, maxCapacity, engineVersion }: Config): OutboxProcessorProps {
  const set = Object.entries({ minCapacity, maxCapacity, engineVersion }).filter(
    ([, value]) => value !== undefined,
  );
  return set.length === 0 ? {} : { newCluster: Object.fromEntries(set) };
}

function settingsOf(config: Config): OutboxProcessorProps {
  const { name, databaseName, eventSource, orderingOnFailure, executionHistory, runbookUrl, paused } = config;
  const logRetention = config.logRetentionDays;
  const numbers = settingNames.map((setting) => {
    const value = config[numberName(setting)];
    const unit = durationUnit(setting);
    return [setting, value === undefined || unit === undefined ? value : Duration[unit](value)];
  });
  return {
    ...{ name, databaseName, eventSource, orderingOnFailure, executionHistory },
    ...{ logRetention, runbookUrl, paused },
    ...(Object.fromEntries(numbers) as ProcessorSettings),
  };
}
