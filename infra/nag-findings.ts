import { type CfnResource, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { Bus } from './bus.ts';
import { Database } from './database.ts';
import { DatabaseUsers } from './database-users.ts';
import { LambdaFunction } from './lambda-function.ts';
import { Schedules } from './schedules.ts';
import { StateMachine } from './state-machine.ts';

/** A finding of the AwsSolutions pack of cdk-nag about an outbox, and its reason. */
export interface Finding {
  /** The construct of the finding; the resource itself may be below it. */
  readonly construct: IConstruct;
  /** For example `AwsSolutions-IAM5`. */
  readonly rule: string;
  /** For example `Resource::*`: distinguishes several findings of the rule. Undefined when the rule has only one. */
  readonly detail?: string;
  readonly reason: string;
}

/**
 * The findings that cannot be avoided, one by one. The construct does not acknowledge them: the owner of the app
 * decides about that, and the API of the CDK for it is newer than everything else used here.
 */
export function findingsOf(outbox: IConstruct): Finding[] {
  return outbox.node.findAll().flatMap((construct) => {
    if (construct instanceof LambdaFunction) return findingsOfFunction(construct);
    if (construct instanceof StateMachine) return findingsOfStateMachine(construct);
    if (construct instanceof Schedules) return findingsOfSchedules(construct);
    if (construct instanceof Bus) return findingsOfBus(construct);
    if (construct instanceof DatabaseUsers) return findingsOfUsers(construct);
    if (construct instanceof Database) return findingsOfDatabase(construct);
    return [];
  });
}

function findingsOfFunction(construct: LambdaFunction): Finding[] {
  return [
    {
      ...{ construct, rule: 'AwsSolutions-IAM5', detail: 'Resource::*' },
      reason:
        'X-Ray has no resources: xray:PutTraceSegments and xray:PutTelemetryRecords take nothing but *.',
    },
  ];
}

function findingsOfStateMachine(construct: StateMachine): Finding[] {
  const rule = 'AwsSolutions-IAM5';
  return [
    {
      ...{ construct, rule, detail: 'Resource::*' },
      reason: 'X-Ray and the delivery of logs have no resources: their actions take nothing but *.',
    },
    ...construct.functions.map(({ function: { node } }) => ({
      ...{ construct, rule, detail: `Resource::<${logicalId(node.defaultChild as CfnResource)}.Arn>:*` },
      reason: 'All versions of one function: a run that began before a deployment still calls the older one.',
    })),
  ];
}

function findingsOfSchedules(construct: Schedules): Finding[] {
  const ofTheKey = ['GenerateDataKey*', 'ReEncrypt*'].map((action) => ({
    ...{ construct, rule: 'AwsSolutions-IAM5', detail: `Action::kms:${action}` },
    reason: 'The forms of one action on one key: what KMS itself names for writing to an encrypted queue.',
  }));
  return [
    {
      ...{ construct: construct.deadLetterQueue, rule: 'AwsSolutions-SQS3' },
      reason: 'This is the dead-letter queue, of EventBridge Scheduler.',
    },
    ...(construct.deadLetterQueue.encryptionMasterKey === undefined ? [] : ofTheKey),
  ];
}

function findingsOfBus({ deadLetterQueue }: Bus): Finding[] {
  if (deadLetterQueue === undefined) return [];
  return [
    {
      ...{ construct: deadLetterQueue, rule: 'AwsSolutions-SQS3' },
      reason: 'This is the dead-letter queue, of the event bus.',
    },
  ];
}

function findingsOfUsers({ processorSecret, producerSecret, operatorSecret }: DatabaseUsers): Finding[] {
  return [processorSecret, producerSecret, operatorSecret].map((construct) => ({
    ...{ construct, rule: 'AwsSolutions-SMG4' },
    reason:
      'The password is generated, 32 characters long and read by functions alone; the migration sets it.',
  }));
}

function findingsOfDatabase({ newVpc, cluster }: Database): Finding[] {
  return [
    ...(newVpc === undefined
      ? []
      : [
          {
            ...{ construct: newVpc, rule: 'AwsSolutions-VPC7' },
            reason:
              'Nothing enters or leaves this VPC: its subnets have no route, and the Data API needs none.',
          },
        ]),
    {
      ...{ construct: cluster, rule: 'AwsSolutions-SMG4' },
      reason: 'Rotation would put a function into the VPC. The secret is used by the migration alone.',
    },
  ];
}

function logicalId(resource: CfnResource): string {
  return String(Stack.of(resource).resolve(resource.logicalId));
}
