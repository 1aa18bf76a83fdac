import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

export interface DatabaseUsersProps {
  /** Prefix of the database roles: `outbox` makes `outbox_processor`, `outbox_producer` and `outbox_operator`. */
  readonly name: string;
  readonly cluster: rds.IDatabaseCluster;
  /** Signs in as a user that may create roles and the table. */
  readonly ownerSecret: secretsmanager.ISecret;
  readonly databaseName: string;
  /** Encrypts the secrets. */
  readonly encryptionKey?: kms.IKey;
}

/** The users of the database. The migration creates the roles with the passwords of these secrets. */
export class DatabaseUsers extends Construct {
  /** May do only what the handlers do to the outbox. */
  readonly processorSecret: secretsmanager.ISecret;
  /** May only insert into the outbox. */
  readonly producerSecret: secretsmanager.ISecret;
  /** May only read the outbox. */
  readonly operatorSecret: secretsmanager.ISecret;
  readonly #props: DatabaseUsersProps;

  constructor(scope: Construct, id: string, props: DatabaseUsersProps) {
    super(scope, id);
    this.#props = props;
    const role = (suffix: string) => `${props.name.replaceAll('-', '_')}_${suffix}`;
    this.processorSecret = this.#secret('ProcessorSecret', role('processor'));
    this.producerSecret = this.#secret('ProducerSecret', role('producer'));
    this.operatorSecret = this.#secret('OperatorSecret', role('operator'));
  }

  /** The environment of a function that uses the database with one of the secrets. */
  environment(secret: secretsmanager.ISecret): Record<string, string> {
    const { cluster, databaseName } = this.#props;
    return { CLUSTER_ARN: cluster.clusterArn, SECRET_ARN: secret.secretArn, DATABASE_NAME: databaseName };
  }

  /** Allows Data API calls with one of the secrets; the Data API reads the secret with the permission of the caller. */
  grant(grantee: iam.IGrantable, secret: secretsmanager.ISecret, ...calls: readonly string[]): iam.Grant {
    const { cluster } = this.#props;
    secret.encryptionKey?.grantDecrypt(grantee);
    const read = iam.Grant.addToPrincipal({
      grantee,
      actions: ['secretsmanager:GetSecretValue'],
      resourceArns: [secret.secretArn],
    });
    return read.combine(
      iam.Grant.addToPrincipal({
        grantee,
        actions: calls.map((call) => `rds-data:${call}`),
        resourceArns: [cluster.clusterArn],
      }),
    );
  }

  #secret(id: string, username: string): secretsmanager.Secret {
    return new secretsmanager.Secret(this, id, {
      ...(this.#props.encryptionKey !== undefined && { encryptionKey: this.#props.encryptionKey }),
      description: `Database role ${username} of the outbox`,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username }),
        generateStringKey: 'password',
        passwordLength: 32,
        excludePunctuation: true,
      },
    });
  }
}
