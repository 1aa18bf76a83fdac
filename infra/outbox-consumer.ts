import { Duration, Names, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

/** Which events a function consumes, and how often a message is tried. */
export interface OutboxConsumerProps {
  /** The bus of the outbox, in this account and region. */
  readonly eventBus: events.IEventBus;
  /** The `source` of the events: the outbox's `eventSource`. */
  readonly source: string;
  /** The consumer. It answers with the messages that have to come back, as `handleSqsBatch` does. */
  readonly handler: lambda.Function;
  /**
   * The event types that are delivered. Leave it out for `processInOrder`: an event that is not delivered is a gap for
   * the next one of its ordering key.
   * @default all of the source
   */
  readonly detailTypes?: readonly string[];
  /**
   * Deliveries before a message goes to the dead-letter queue, 1 to 1,000. One that waits for its predecessor
   * consumes a delivery each time.
   * @default 20
   */
  readonly maxReceiveCount?: number;
  /**
   * Messages of one invocation, 1 to 10.
   * @default 10
   */
  readonly batchSize?: number;
  /**
   * Concurrent invocations, 2 to 1,000. Each needs a connection to the consumer's database.
   * @default no limit but that of the function
   */
  readonly maxConcurrency?: number;
  /**
   * Whether messages are consumed. Otherwise the queue collects them: see "A new consumer" in docs/consumers.md.
   * @default true
   */
  readonly enabled?: boolean;
  /**
   * Age of the oldest message at which an alarm begins.
   * @default 15 minutes
   */
  readonly maximumAge?: Duration;
  /**
   * What both alarms do when they begin and when they end.
   * @default nothing
   */
  readonly alarmActions?: readonly cloudwatch.IAlarmAction[];
  /**
   * A symmetric key of yours that encrypts both queues.
   * @default a key of SQS
   */
  readonly encryptionKey?: kms.IKey;
}

/** A rule of the bus, a queue, and a function that consumes it; what cannot be consumed ends in a dead-letter queue. */
export class OutboxConsumer extends Construct {
  readonly rule: events.Rule;
  readonly queue: sqs.Queue;
  /** Messages that were delivered too often, and events that the rule could not put into the queue. */
  readonly deadLetterQueue: sqs.Queue;
  readonly alarms: readonly cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, props: OutboxConsumerProps) {
    super(scope, id);
    const { eventBus, source, handler, detailTypes, encryptionKey } = props;
    const common = {
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      ...(encryptionKey === undefined
        ? { encryption: sqs.QueueEncryption.SQS_MANAGED }
        : { encryptionMasterKey: encryptionKey }),
    };
    this.deadLetterQueue = new sqs.Queue(this, 'DeadLetterQueue', common);
    this.queue = new sqs.Queue(this, 'Queue', {
      ...common,
      // Six times the function's timeout, as Lambda recommends. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
      visibilityTimeout: Duration.seconds(6 * (handler.timeout ?? Duration.seconds(3)).toSeconds()),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: props.maxReceiveCount ?? 20 },
    });
    const ruleName = Names.uniqueResourceName(this, { maxLength: 64, separator: '-' });
    this.rule = new events.Rule(this, 'Rule', {
      ruleName,
      eventBus,
      description: `Events of ${source} for ${handler.node.path}`,
      eventPattern: { source: [source], ...(detailTypes !== undefined && { detailType: [...detailTypes] }) },
      targets: [
        {
          bind: () => ({
            arn: this.queue.queueArn,
            deadLetterConfig: { arn: this.deadLetterQueue.queueArn },
          }),
        },
      ],
    });
    const ofRule = (condition: object) =>
      new iam.ServicePrincipal('events.amazonaws.com', { conditions: condition });
    const principals = [ofRule({ ArnEquals: { 'aws:SourceArn': this.rule.ruleArn } })];
    for (const queue of [this.queue, this.deadLetterQueue])
      queue.addToResourcePolicy(
        new iam.PolicyStatement({ principals, actions: ['sqs:SendMessage'], resources: [queue.queueArn] }),
      );
    // By name, because a reference would be circular: the rule needs the queues, and they and the bus may need the key.
    const anyBus = Stack.of(this).formatArn({
      service: 'events',
      resource: 'rule',
      resourceName: `*${ruleName}`,
    });
    const byName = ofRule({ ArnLike: { 'aws:SourceArn': anyBus } });
    encryptionKey?.grant(byName, 'kms:Decrypt', 'kms:GenerateDataKey');
    handler.addEventSource(
      new SqsEventSource(this.queue, {
        reportBatchItemFailures: true,
        batchSize: props.batchSize ?? 10,
        enabled: props.enabled ?? true,
        ...(props.maxConcurrency !== undefined && { maxConcurrency: props.maxConcurrency }),
      }),
    );
    const alarm = (name: string, question: string, metric: cloudwatch.IMetric, threshold: number) =>
      new cloudwatch.Alarm(this, name, {
        alarmDescription: `${question} See "When messages wait" in docs/consumers.md of outbox-processor.`,
        ...{ metric, threshold, evaluationPeriods: 1 },
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        // SQS reports nothing for a queue that has been empty for hours.
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      });
    const waiting = this.deadLetterQueue.metricApproximateNumberOfMessagesVisible();
    const age = this.queue.metricApproximateAgeOfOldestMessage();
    const maximumAge = props.maximumAge ?? Duration.minutes(15);
    this.alarms = [
      alarm('DeadLetters', 'Do messages of a consumer wait for a person?', waiting, 1),
      alarm('Late', 'Is the oldest message of a consumer too old?', age, maximumAge.toSeconds()),
    ];
    for (const each of this.alarms) {
      each.addAlarmAction(...(props.alarmActions ?? []));
      each.addOkAction(...(props.alarmActions ?? []));
    }
  }
}
