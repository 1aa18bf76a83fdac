import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  RDSDataClient,
} from '@aws-sdk/client-rds-data';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRdsData } from '../../../../twin/services/rds-data/rds-data.ts';
import {
  createSecretsManager,
  databaseUrls,
} from '../../../../twin/services/secrets-manager/get-secret-value.ts';
import type { SecretResource } from '../../../../twin/template/secret.ts';
import { clientOptions, startLocalAws } from '../../../support/local-aws.ts';
import { target, useOutboxDatabase } from '../../../support/outbox-database.ts';

const { resourceArn, database: databaseName } = target;
const secretNamed = (name: string) => `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}`;
const master: SecretResource = { arn: secretNamed('master'), username: 'owner', master: true };
const reader: SecretResource = { arn: secretNamed('reader'), username: 'shop_reader', master: false };
const stranger: SecretResource = { arn: secretNamed('stranger'), username: 'shop_stranger', master: false };
const secrets = [master, reader, stranger];

let rdsData: RDSDataClient;
let secretsManager: SecretsManagerClient;
const cleanUps: (() => Promise<unknown> | unknown)[] = [];
// Registered before the database's own hook, because Jest runs these hooks in their order.
afterAll(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});
const database = useOutboxDatabase({ empty: true });

beforeAll(async () => {
  const urls = databaseUrls(secrets, database.postgresUrl);
  const service = createRdsData({ clusterArn: resourceArn, database: databaseName, databaseUrls: urls });
  const endpoint = await startLocalAws({
    rdsData: service.operations,
    secretsManager: createSecretsManager(urls),
  });
  rdsData = new RDSDataClient(clientOptions(endpoint.url));
  secretsManager = new SecretsManagerClient(clientOptions(endpoint.url));
  cleanUps.push(
    () => rdsData.destroy(),
    () => secretsManager.destroy(),
    endpoint.close,
    service.stop,
    () => database.sql('drop role shop_reader'),
  );
  const { password } = await secretValue(reader.arn);
  await database.sql(`create role shop_reader login password '${password}'`);
  await database.sql(`alter role shop_reader set statement_timeout = '2s'`);
});

const secretValue = async (SecretId: string) => {
  const { SecretString = '' } = await secretsManager.send(new GetSecretValueCommand({ SecretId }));
  return JSON.parse(SecretString) as { username: string; password: string };
};
const execute = (sql: string, { arn }: SecretResource, transactionId?: string) =>
  rdsData.send(
    new ExecuteStatementCommand({
      resourceArn,
      secretArn: arn,
      database: databaseName,
      sql,
      transactionId,
      formatRecordsAs: 'JSON',
    }),
  );
const rows = async (sql: string, secret: SecretResource) =>
  JSON.parse((await execute(sql, secret)).formattedRecords ?? '') as unknown;

describe('database secret', () => {
  test("the master user's secret has the credentials of the twin's own connection", async () => {
    const { username, password } = new URL(database.postgresUrl);
    expect(await secretValue(master.arn)).toEqual({
      username: decodeURIComponent(username),
      password: decodeURIComponent(password),
    });
  });

  test('the secret of another user has its name and its own password, the same after a restart', async () => {
    const again = databaseUrls(secrets, 'postgresql://postgres:other@127.0.0.1:1/outbox').get(reader.arn);

    const value = await secretValue(reader.arn);

    expect(value).toEqual({ username: 'shop_reader', password: new URL(again ?? '').password });
    expect(value.password).not.toBe((await secretValue(stranger.arn)).password);
  });

  test('a secret may be requested by its name', async () => {
    expect(await secretValue('reader')).toEqual(await secretValue(reader.arn));
  });

  test('an unknown secret is not found', async () => {
    await expect(secretValue('unknown')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('a database URL without a host cannot be combined with secrets of other users', () => {
    expect(() => databaseUrls(secrets, 'postgresql:///outbox?host=/run')).toThrow(
      'DATABASE_URL names no host, so nobody can sign in as shop_reader',
    );
  });
});

describe('user of a statement', () => {
  test('a statement runs as the user of its secret', async () => {
    const { username } = await secretValue(master.arn);
    const whoAmI = 'select current_user as name';

    expect(await rows(whoAmI, master)).toEqual([{ name: username }]);
    expect(await rows(whoAmI, reader)).toEqual([{ name: 'shop_reader' }]);
  });

  test('a statement may do only what its user was granted', async () => {
    await database.sql('create table shelves (n integer)');

    await expect(execute('delete from shelves', reader)).rejects.toMatchObject({
      name: 'DatabaseErrorException',
      message: expect.stringContaining('permission denied for table shelves; SQLState: 42501'),
    });
  });

  test('a statement has the statement timeout of its user, or 45 seconds without one', async () => {
    const timeout = `select current_setting('statement_timeout') as timeout`;

    expect(await rows(timeout, reader)).toEqual([{ timeout: '2s' }]);
    expect(await rows(timeout, master)).toEqual([{ timeout: '45s' }]);
  });

  test('a statement is refused when the database has no such user', async () => {
    await expect(execute('select 1', stranger)).rejects.toMatchObject({
      name: 'BadRequestException',
      message: 'FATAL: password authentication failed for user "shop_stranger"; SQLState: 28P01',
    });
  });

  test('a statement is refused when the password is wrong', async () => {
    await database.sql(`create role shop_stranger login password 'other'`);
    try {
      await expect(execute('select 1', stranger)).rejects.toMatchObject({
        name: 'BadRequestException',
        message: expect.stringContaining('SQLState: 28P01'),
      });
      const begin = new BeginTransactionCommand({ resourceArn, secretArn: stranger.arn });
      await expect(rdsData.send(begin)).rejects.toMatchObject({ name: 'BadRequestException' });
    } finally {
      await database.sql('drop role shop_stranger');
    }
  });

  test('a statement runs as soon as its user exists in the database', async () => {
    await expect(execute('select 1', stranger)).rejects.toMatchObject({ name: 'BadRequestException' });
    const { password } = await secretValue(stranger.arn);
    await database.sql(`create role shop_stranger login password '${password}'`);
    try {
      expect(await rows('select 1 as n', stranger)).toEqual([{ n: 1 }]);
    } finally {
      await database.sql('drop role shop_stranger');
    }
  });

  test('a statement is refused with a secret that the template does not have', async () => {
    await expect(execute('select 1', { ...reader, arn: secretNamed('unknown') })).rejects.toMatchObject({
      name: 'SecretsErrorException',
    });
  });
});

test('a transaction can be used only with the secret that began it', async () => {
  const { transactionId } = await rdsData.send(
    new BeginTransactionCommand({ resourceArn, secretArn: master.arn, database: databaseName }),
  );
  const commitAs = ({ arn }: SecretResource) =>
    rdsData.send(new CommitTransactionCommand({ resourceArn, secretArn: arn, transactionId }));

  const refused = { name: 'TransactionNotFoundException' };
  await expect(execute('select 1', reader, transactionId)).rejects.toMatchObject(refused);
  await expect(commitAs(reader)).rejects.toMatchObject(refused);

  await execute('select 1', master, transactionId);
  expect(await commitAs(master)).toMatchObject({ transactionStatus: 'Transaction Committed' });
});
