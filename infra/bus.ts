import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
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
 * A new bus, retained when the stack goes: CloudFormation cannot delete a bus that has rules, and rules are the
 * subscribers'. With a key of the customer's, events that EventBridge can no longer encrypt go to a dead-letter queue
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
    this.#allowDeadLetters(eventBusName, encryptionKey);
    this.eventBus.applyRemovalPolicy(RemovalPolicy.RETAIN);
    if (archiveRetention !== undefined) {
      new events.Archive(this, 'Archive', {
        sourceEventBus: this.eventBus,
        description: `Every event of ${eventBusName}`,
        eventPattern: { account: [this.eventBus.env.account] },
        retention: archiveRetention,
        ...(encryptionKey !== undefined && { kmsKey: encryptionKey }),
      });
    }
  }

  #allowDeadLetters(eventBusName: string, encryptionKey: kms.IKey | undefined): void {
    // By its name, because the bus needs the queue, and the queue the key whose policy this is.
    const arn = Stack.of(this).formatArn({
      service: 'events',
      resource: 'event-bus',
      resourceName: eventBusName,
    });
    const bus = new iam.ServicePrincipal('events.amazonaws.com', {
      conditions: { ArnEquals: { 'aws:SourceArn': arn } },
    });
    this.deadLetterQueue?.grantSendMessages(bus);
    encryptionKey?.grant(bus, 'kms:Decrypt', 'kms:GenerateDataKey');
  }
}
