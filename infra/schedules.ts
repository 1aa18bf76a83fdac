import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as targets from 'aws-cdk-lib/aws-scheduler-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';

export interface SchedulesProps {
  /** Prefix of the physical names. */
  readonly name: string;
  readonly processor: sfn.IStateMachine;
  /** How often the processor runs; the shortest interval of EventBridge Scheduler is a minute. */
  readonly interval: Duration;
  /** Runs that every tick starts: a schedule has one target, so each run has its own schedule. */
  readonly lanes: number;
  readonly cleanup: sfn.IStateMachine;
  readonly cleanupInterval: Duration;
  /** Whether the schedules are disabled. */
  readonly paused: boolean;
  /** Encrypts the dead-letter queue. */
  readonly encryptionKey?: kms.IKey;
}

/** The ticks. They have their own group, because Scheduler has metrics only for groups. */
export class Schedules extends Construct {
  readonly group: scheduler.ScheduleGroup;
  /** Ticks that could not start a run. */
  readonly deadLetterQueue: sqs.Queue;
  readonly #role: iam.Role;
  readonly #paused: boolean;

  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id);
    const { name, processor, interval, lanes, cleanup, cleanupInterval, encryptionKey } = props;
    this.#paused = props.paused;
    this.group = new scheduler.ScheduleGroup(this, 'Group', {
      scheduleGroupName: name,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.deadLetterQueue = new sqs.Queue(this, 'DeadLetterQueue', {
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      ...(encryptionKey !== undefined && { encryptionMasterKey: encryptionKey }),
    });
    // With a given role, the targets do not create one at the root of the stack.
    this.#role = new iam.Role(this, 'Role', {
      // Only the schedules of this group: no other schedule may use the role.
      // https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
          ArnEquals: { 'aws:SourceArn': this.group.scheduleGroupArn },
        },
      }),
    });
    encryptionKey?.grantEncryptDecrypt(this.#role);
    for (let lane = 1; lane <= lanes; lane += 1) {
      const suffix = lane === 1 ? '' : `-${lane}`;
      this.#schedule(`${name}-processor${suffix}`, 'Publishes due events of the outbox', interval, processor);
    }
    this.#schedule(`${name}-cleanup`, 'Purges old events of the outbox', cleanupInterval, cleanup);
  }

  #schedule(scheduleName: string, description: string, interval: Duration, target: sfn.IStateMachine): void {
    const schedule = new scheduler.Schedule(this, scheduleName, {
      scheduleName,
      description,
      enabled: !this.#paused,
      scheduleGroup: this.group,
      schedule: scheduler.ScheduleExpression.rate(interval),
      target: new targets.StepFunctionsStartExecution(target, {
        role: this.#role,
        input: scheduler.ScheduleTargetInput.fromObject({}),
        // The next tick does the work of a lost one: with the default of 185 retries over 24 hours, runs would only pile up.
        retryAttempts: 2,
        maxEventAge: Duration.seconds(60),
        deadLetterQueue: this.deadLetterQueue,
      }),
    });
    // CDK writes the name of the group as text, so CloudFormation does not know what must exist first.
    // The role needs its policy first, because a schedule without a start date fires as soon as it exists.
    schedule.node.addDependency(this.group, this.#role);
  }
}
