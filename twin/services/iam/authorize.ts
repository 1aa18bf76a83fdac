import { AwsError } from '../../http/aws-error.ts';
import type { Policies } from '../../template/policies.ts';

/** Who makes a call: a session of a role. */
export interface Principal {
  readonly roleArn: string;
  readonly session: string;
}

/** @throws AccessDeniedException, with this HTTP status, unless the principal's role grants the action. */
export type Authorize = (principal: Principal, action: string, resource: string, status: number) => void;

/** Decides as IAM does: what nothing allows is denied, and a denial outweighs whatever allows. */
export function createAuthorizer(policies: Policies): Authorize {
  return ({ roleArn, session }, action, resource, status) => {
    const effects = (policies.get(roleArn) ?? [])
      .filter(({ actions, resources }) => matches(actions, action) && matches(resources, resource))
      .map(({ effect }) => effect);
    if (effects.includes('Allow') && !effects.includes('Deny')) return;
    const user = `${roleArn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/${session}`;
    const reason = effects.includes('Deny')
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${action} action`;
    throw new AwsError(
      'AccessDeniedException',
      `User: ${user} is not authorized to perform: ${action} on resource: ${resource} ${reason}`,
      status,
    );
  };
}

function matches(patterns: readonly RegExp[], text: string): boolean {
  return patterns.some((candidate) => candidate.test(text));
}
