import { Duration, Names, RemovalPolicies, RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

/** What a new cluster is made of. */
export interface NewClusterProps {
  /**
   * Where the cluster is, so that an application in this VPC can reach it with a driver as well.
   * @default a VPC of its own without a way in or out: only the Data API reaches the cluster
   */
  readonly vpc?: ec2.IVpc;
  /** @default the isolated subnets of `vpc` */
  readonly vpcSubnets?: ec2.SubnetSelection;
  /**
   * Aurora capacity units that the cluster never goes below, 0 to 256 in steps of 0.5. With 0 it pauses after 5
   * minutes without a call, which needs an `interval` above 5 minutes.
   * @default 0.5
   */
  readonly minCapacity?: number;
  /**
   * Aurora capacity units that the cluster never exceeds, 1 to 256 in steps of 0.5.
   * @default 4
   */
  readonly maxCapacity?: number;
  /**
   * Full version of Aurora PostgreSQL, e.g. `17.7`: 15.3, 16.1 or 17.4 and later have the Data API. AWS does not
   * upgrade the cluster by itself in its maintenance window, because an older version in the template would then be
   * a downgrade, which fails every later deployment.
   * @default 17.7
   */
  readonly engineVersion?: string;
}

export interface DatabaseProps extends NewClusterProps {
  /** Name of the database that holds the outbox. */
  readonly databaseName: string;
  /** Encrypts the storage and the owner's secret. */
  readonly encryptionKey?: kms.IKey;
}

/** Aurora Serverless v2 PostgreSQL with the Data API. */
export class Database extends Construct {
  /** The VPC that was created for the cluster; undefined in a given VPC. */
  readonly newVpc?: ec2.Vpc;
  readonly cluster: rds.DatabaseCluster;
  /** Credentials of the master user. */
  readonly secret: secretsmanager.ISecret;

  constructor(scope: Construct, id: string, props: DatabaseProps) {
    super(scope, id);
    const { databaseName, encryptionKey, engineVersion = '17.7' } = props;
    const { minCapacity, maxCapacity } = capacityOf(props);
    checkCapacity(minCapacity, maxCapacity);
    let { vpc } = props;
    if (vpc === undefined) {
      this.newVpc = this.#createVpc();
      vpc = this.newVpc;
    }
    this.cluster = new rds.DatabaseCluster(this, 'Cluster', {
      engine: rds.DatabaseClusterEngine.auroraPostgres({
        version: rds.AuroraPostgresEngineVersion.of(engineVersion, engineVersion.split('.')[0] ?? ''),
      }),
      credentials: rds.Credentials.fromGeneratedSecret('outbox_owner', { encryptionKey }),
      clusterIdentifier: clusterIdentifier(this),
      writer: rds.ClusterInstance.serverlessV2('writer', { autoMinorVersionUpgrade: false }),
      serverlessV2MinCapacity: minCapacity,
      serverlessV2MaxCapacity: maxCapacity,
      vpc,
      vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      defaultDatabaseName: databaseName,
      enableDataApi: true,
      storageEncrypted: true,
      ...(encryptionKey !== undefined && { storageEncryptionKey: encryptionKey }),
      iamAuthentication: true,
      backup: { retention: Duration.days(7) },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    if (this.cluster.secret === undefined) throw new Error('the new cluster has no generated secret');
    this.secret = this.cluster.secret;
    // A retained cluster is in these subnets: deleting them would only fail in the middle of a teardown.
    RemovalPolicies.of(this).retain();
  }

  #createVpc(): ec2.Vpc {
    return new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'database', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
    });
  }
}

/**
 * CloudFormation does not replace a resource with a name of its own: a change of key, subnets or database then fails
 * instead of creating an empty cluster. Not derived from the name of the outbox, so that renaming keeps the cluster.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
 */
function clusterIdentifier(scope: Construct): string {
  return Names.uniqueResourceName(scope, { separator: '-', maxLength: 63 }).toLowerCase();
}

function capacityOf({ minCapacity = 0.5, maxCapacity = 4 }: NewClusterProps) {
  return { minCapacity, maxCapacity };
}

/** Whether a new cluster always uses nearly all of its capacity, which then does not show its load. */
export function hasFixedCapacity(props: NewClusterProps = {}): boolean {
  const { minCapacity, maxCapacity } = capacityOf(props);
  return minCapacity >= 0.9 * maxCapacity;
}

// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
function checkCapacity(minimum: number, maximum: number): void {
  const isCapacity = (value: number, lowest: number) =>
    Number.isInteger(value * 2) && value >= lowest && value <= 256;
  if (!isCapacity(minimum, 0))
    throw new Error(`minCapacity is ${minimum}: expected 0 to 256 in steps of 0.5`);
  if (!isCapacity(maximum, 1) || maximum < minimum) {
    throw new Error(
      `maxCapacity is ${maximum}: expected 1 to 256 in steps of 0.5, and not below minCapacity (${minimum})`,
    );
  }
}
