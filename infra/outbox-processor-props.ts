import { Token } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { NewClusterProps } from './database.ts';
import type { ExecutionHistory } from './execution-history.ts';
import { eventBusNameRule, eventSourceRule, nameRule, type Rule, runbookUrlRule } from './names.ts';
import type { ProcessorSettings } from './processor-settings.ts';

/** What an outbox is given, and what it is called. */
export interface OutboxProcessorProps extends ProcessorSettings {
  /**
   * Prefix of all physical names, and the `service` dimension of the metrics. One per account and region.
   * @default outbox
   */
  readonly name?: string;
  /**
   * Aurora PostgreSQL 15 or later with the Data API. Needs `clusterSecret` and `databaseName`.
   * @default a new Aurora Serverless v2 cluster in a VPC of its own, retained and protected from deletion
   */
  readonly cluster?: rds.IDatabaseCluster;
  /**
   * Credentials of a user of `cluster` that may create roles, and tables in `databaseName`. Only the migration uses them.
   * @default the new cluster's
   */
  readonly clusterSecret?: secretsmanager.ISecret;
  /**
   * The database that holds the outbox table. Required with `cluster`: an event has to be written in the same
   * transaction as the application's data, so the table belongs in the application's own database.
   * @default outbox, in a new cluster
   */
  readonly databaseName?: string;
  /**
   * What the new cluster is made of. Contradicts `cluster`.
   * @default 0.5 to 4 ACU in a VPC of its own
   */
  readonly newCluster?: NewClusterProps;
  /**
   * The bus that gets the events; one of another account or region is imported by its ARN. The other account has to
   * allow `events:PutEvents`, see docs/deploy.md.
   * @default a new bus
   */
  readonly eventBus?: events.IEventBus;
  /**
   * Name of the new bus: 1 to 256 letters, digits and `. - _`. Contradicts `eventBus`.
   * @default `<name>-events`
   */
  readonly eventBusName?: string;
  /**
   * The `source` of every published event: 1 to 256 characters, not beginning with `aws.`, which EventBridge reserves.
   * @default the name
   */
  readonly eventSource?: string;
  /**
   * A symmetric key of yours that encrypts what the outbox makes: cluster, secrets, log groups, dead letters and bus.
   * The policy of an imported key has to allow these services itself, see docs/deploy.md. A new
   * cluster keeps the key that it was made with: CloudFormation refuses another one.
   * @default keys of AWS
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * Limits every role that the outbox makes.
   * @default none
   */
  readonly permissionsBoundary?: iam.IManagedPolicy;
  /**
   * Whether the schedules are disabled, for example until somebody has looked at a restored database.
   * @default false
   */
  readonly paused?: boolean;
  /**
   * What becomes of the later events of an ordering key when one of its events fails for good.
   * @default block
   */
  readonly orderingOnFailure?: OrderingOnFailure;
  /**
   * What Step Functions logs about runs; see {@link ExecutionHistory} for what each costs.
   * @default all, because the console draws Express executions from that log
   */
  readonly executionHistory?: ExecutionHistory;
  /**
   * Days that all log groups keep what they hold, out of those that CloudWatch Logs offers.
   * @default one month
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * What every alarm does when it begins and when it ends, e.g. notify an SNS topic.
   * @default nothing
   */
  readonly alarmActions?: readonly cloudwatch.IAlarmAction[];
  /**
   * Where your copy of docs/operations.md is, as an absolute URL: every alarm links to its section there.
   * @default none: the alarms name the section of docs/operations.md, which is in the package
   */
  readonly runbookUrl?: string;
}

/**
 * - `block`: they wait until a person redrives or skips the failed event.
 * - `continue`: they pass it, and it leaves the order of its key.
 */
export type OrderingOnFailure = 'block' | 'continue';

/** A cluster of the application, with everything that is needed to use it. */
export interface GivenDatabase {
  readonly cluster: rds.IDatabaseCluster;
  readonly ownerSecret: secretsmanager.ISecret;
}

export interface CheckedProps {
  readonly name: string;
  readonly eventSource: string;
  readonly databaseName: string;
  readonly orderingOnFailure: OrderingOnFailure;
  /** Absent when the outbox creates its own cluster. */
  readonly given?: GivenDatabase;
}

/** @throws Error that names the prop, the value received and what is allowed */
export function checkProps(props: OutboxProcessorProps): CheckedProps {
  const { cluster, clusterSecret, databaseName } = props;
  const name = matching('name', props.name ?? 'outbox', nameRule);
  const eventSource = matching('eventSource', props.eventSource ?? name, eventSourceRule);
  const { orderingOnFailure = 'block' } = props;
  if (orderingOnFailure !== 'block' && orderingOnFailure !== 'continue')
    throw new Error(`orderingOnFailure is "${String(orderingOnFailure)}": expected block or continue`);
  if (props.runbookUrl !== undefined) matching('runbookUrl', props.runbookUrl, runbookUrlRule);
  if (props.eventBusName !== undefined) {
    if (props.eventBus !== undefined) {
      throw new Error(
        'eventBus and eventBusName are both given: eventBusName names a new bus, leave it out to use yours',
      );
    }
    matching('eventBusName', props.eventBusName, eventBusNameRule);
  }
  if (props.eventBus !== undefined && props.archiveRetention !== undefined) {
    throw new Error('eventBus and archiveRetention are both given: an archive is made for a new bus only');
  }
  if (cluster !== undefined && props.newCluster !== undefined) {
    throw new Error(
      `cluster is given, and ${Object.keys(props.newCluster).join(', ')} would describe a new one: leave one of both out`,
    );
  }
  if (cluster === undefined) {
    if (clusterSecret !== undefined)
      throw new Error('clusterSecret is given without cluster: give both, or neither for a new cluster');
    return { name, eventSource, orderingOnFailure, databaseName: databaseName ?? 'outbox' };
  }
  if (clusterSecret === undefined) {
    throw new Error(
      'cluster is given without clusterSecret: the migration needs credentials that may create roles',
    );
  }
  if (databaseName === undefined) {
    throw new Error(
      "cluster is given without databaseName: name the database that holds the application's own tables, because an event is written in the transaction that changes them",
    );
  }
  return {
    name,
    eventSource,
    orderingOnFailure,
    databaseName,
    given: { cluster, ownerSecret: clusterSecret },
  };
}

function matching(prop: string, value: string, { pattern, expected }: Rule): string {
  if (!Token.isUnresolved(value) && !pattern.test(value))
    throw new Error(`${prop} is "${value}": ${expected}`);
  return value;
}
