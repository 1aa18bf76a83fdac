import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** The retention of log groups, and the key that encrypts them. */
export interface LogSettings {
  readonly retention: logs.RetentionDays;
  readonly encryptionKey?: kms.IKey;
}

/** A log group that is deleted with the stack. Without a name, CloudFormation generates one. */
export function createLogGroup(
  scope: Construct,
  id: string,
  { retention, encryptionKey }: LogSettings,
  logGroupName?: string,
): logs.LogGroup {
  return new logs.LogGroup(scope, id, {
    retention,
    removalPolicy: RemovalPolicy.DESTROY,
    ...(encryptionKey !== undefined && { encryptionKey }),
    ...(logGroupName !== undefined && { logGroupName }),
  });
}

/**
 * Allows CloudWatch Logs of this account to use a key: it does not create a log group with a key that it may not use.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export function grantLogsUse(scope: Construct, key: kms.IKey): void {
  const { partition, region, account, urlSuffix } = Stack.of(scope);
  const anyLogGroup = `arn:${partition}:logs:${region}:${account}:*`;
  key.grantEncryptDecrypt(
    new iam.ServicePrincipal(`logs.${region}.${urlSuffix}`, {
      conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': anyLogGroup } },
    }),
  );
}
