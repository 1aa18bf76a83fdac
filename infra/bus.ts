import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface BusProps {
  readonly eventBusName: string;
  readonly description: string;
  /** How long every event of the bus can be replayed; undefined for no archive. */
  readonly archiveRetention?: Duration;
  /** Encrypts the bus, its archive and its dead letters. */
  readonly encryptionKey?: kms.IKey;
}

/**
 * A new bus, retained when the stack is deleted: CloudFormation cannot delete a bus with rules, and rules belong to the
 * subscribers. With a customer managed key, events that EventBridge can no longer encrypt go to a dead-letter queue
 * instead of being dropped. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html
 */
export class Bus extends Construct {
  readonly eventBus: events.EventBus;
  readonly deadLetterQueue?: sqs.Queue;

  constructor(scope: Construct, id: string, props: BusProps) {
    super(scope, id);
    const { eventBusName, description, archiveRetention, encryptionKey } = props;
    if (encryptionKey !== undefined) {
      this.deadLetterQueue = new sqs.Queue(this, 'DeadLetterQueue', {
        enforceSSL: true,
        retentionPeriod: Duration.days(14),
        encryptionMasterKey: encryptionKey,
      });
    }
    this.eventBus = new events.EventBus(this, 'EventBus', {
      eventBusName,
      description,
      ...(encryptionKey !== undefined && { kmsKey: encryptionKey }),
      ...(this.deadLetterQueue !== undefined && { deadLetterQueue: this.deadLetterQueue }),
    });
    // By name, because a reference would be circular: the bus needs the queue, and the queue the key with this policy.
    const arn = Stack.of(this).formatArn({
      service: 'events',
      resource: 'event-bus',
      resourceName: eventBusName,
    });
    this.#allowDeadLetters(arn, encryptionKey);
    // Except when the deployment that creates the bus fails: the next try needs the name.
    this.eventBus.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    if (archiveRetention !== undefined) {
      if (encryptionKey !== undefined) allowArchive(arn, encryptionKey);
      new events.Archive(this, 'Archive', {
        sourceEventBus: this.eventBus,
        description: `Every event of ${eventBusName}`,
        eventPattern: { account: [this.eventBus.env.account] },
        retention: archiveRetention,
        // A reference, because with the key itself the archive would add a policy that needs the bus, which needs the key.
        ...(encryptionKey !== undefined && {
          kmsKey: kms.Key.fromKeyArn(this, 'ArchiveKey', encryptionKey.keyArn),
        }),
      });
    }
  }

  #allowDeadLetters(arn: string, encryptionKey: kms.IKey | undefined): void {
    const bus = new iam.ServicePrincipal('events.amazonaws.com', {
      conditions: { ArnEquals: { 'aws:SourceArn': arn } },
    });
    this.deadLetterQueue?.grantSendMessages(bus);
    encryptionKey?.grant(bus, 'kms:Decrypt', 'kms:GenerateDataKey');
  }
}

/** The statements that an archive adds to the policy of its key. */
function allowArchive(eventBusArn: string, encryptionKey: kms.IKey): void {
  const principals = [new iam.ServicePrincipal('events.amazonaws.com')];
  encryptionKey.addToResourcePolicy(
    new iam.PolicyStatement({
      principals,
      actions: ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:ReEncrypt*'],
      resources: ['*'],
      conditions: { StringEquals: { 'kms:EncryptionContext:aws:events:event-bus:arn': eventBusArn } },
    }),
  );
  encryptionKey.addToResourcePolicy(
    new iam.PolicyStatement({ principals, actions: ['kms:DescribeKey'], resources: ['*'] }),
  );
}
