import { Duration, RemovalPolicies, RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

export interface DatabaseProps {
  /** Name of the database that holds the outbox. */
  readonly databaseName: string;
}

/** Aurora Serverless v2 PostgreSQL 17 with the Data API, in a VPC without a way out: nobody needs one. */
export class Database extends Construct {
  readonly vpc: ec2.Vpc;
  readonly cluster: rds.DatabaseCluster;
  /** Credentials of the master user. */
  readonly secret: secretsmanager.ISecret;

  constructor(scope: Construct, id: string, { databaseName }: DatabaseProps) {
    super(scope, id);
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'database', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
    });
    this.cluster = new rds.DatabaseCluster(this, 'Cluster', {
      engine: rds.DatabaseClusterEngine.auroraPostgres({
        version: rds.AuroraPostgresEngineVersion.of('17.7', '17'),
      }),
      credentials: rds.Credentials.fromGeneratedSecret('outbox_owner'),
      writer: rds.ClusterInstance.serverlessV2('writer'),
      serverlessV2MinCapacity: 0.5,
      serverlessV2MaxCapacity: 4,
      vpc: this.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      defaultDatabaseName: databaseName,
      enableDataApi: true,
      storageEncrypted: true,
      iamAuthentication: true,
      backup: { retention: Duration.days(7) },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    if (this.cluster.secret === undefined) throw new Error('the new cluster has no generated secret');
    this.secret = this.cluster.secret;
    // A retained cluster lives in these subnets: deleting them would only fail, in the middle of a teardown.
    RemovalPolicies.of(this).retain();
  }
}
