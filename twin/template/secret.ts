import type { Template, TemplateResource } from './intrinsics.ts';

/** A secret of the template that holds a database user's credentials. */
export interface SecretResource {
  readonly arn: string;
  readonly username: string;
  /** Whether its user is the cluster's master user. */
  readonly master: boolean;
}

export function readSecrets(
  { ofType, text }: Template,
  cluster: TemplateResource,
): readonly SecretResource[] {
  // CloudFormation reads the password from the secret: {{resolve:secretsmanager:<arn>:SecretString:password::}}
  const masterPassword = text(cluster.properties['MasterUserPassword'] ?? '');
  const secrets = ofType('AWS::SecretsManager::Secret').map(({ arn, properties }) => {
    const { SecretStringTemplate = '{}' } = (properties['GenerateSecretString'] ?? {}) as Record<
      string,
      unknown
    >;
    const { username } = JSON.parse(text(SecretStringTemplate)) as { username?: string };
    if (username === undefined)
      throw new Error(
        `secret ${arn} has no username in its SecretStringTemplate: the twin supports secrets of database users only`,
      );
    return { arn, username, master: masterPassword.includes(`:${arn}:`) };
  });
  if (!secrets.some(({ master }) => master))
    throw new Error(
      "no secret of the template holds the cluster's master password: let CDK generate its credentials",
    );
  return secrets;
}
