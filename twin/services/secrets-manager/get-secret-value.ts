import { createHash } from 'node:crypto';
import { fullArn } from '../../arn.ts';
import { AwsError } from '../../http/aws-error.ts';
import type { Operations } from '../../http/aws-protocols.ts';
import type { SecretResource } from '../../template/secret.ts';

/** The database's URL as the user of each secret, by the secret's ARN. */
export function databaseUrls(
  secrets: readonly SecretResource[],
  postgresUrl: string,
): ReadonlyMap<string, string> {
  return new Map(
    secrets.map(({ arn, username, master }) => [
      arn,
      master ? postgresUrl : urlAs(username, arn, postgresUrl),
    ]),
  );
}

/** Secrets Manager: GetSecretValue. */
export function createSecretsManager(urls: ReadonlyMap<string, string>): Operations {
  return {
    async GetSecretValue(request) {
      const arn = fullArn('secretsmanager', 'secret:', request.text('SecretId'));
      const url = urls.get(arn);
      if (url === undefined) {
        throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
      }
      const { username, password } = new URL(url);
      return {
        ARN: arn,
        Name: arn.slice(arn.lastIndexOf(':') + 1),
        SecretString: JSON.stringify({
          username: decodeURIComponent(username),
          password: decodeURIComponent(password),
        }),
        VersionStages: ['AWSCURRENT'],
      };
    },
  };
}

function urlAs(username: string, secretArn: string, postgresUrl: string): string {
  const url = new URL(postgresUrl);
  url.username = username;
  // A database on the loopback interface needs no secrecy; the password only has to be the same after a restart.
  url.password = createHash('sha256').update(secretArn).digest('hex').slice(0, 32);
  if (url.username === '') {
    throw new Error(
      `DATABASE_URL names no host, so nobody can sign in as ${username}: expected postgresql://user:password@host:port/database`,
    );
  }
  return url.href;
}
