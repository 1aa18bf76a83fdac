import type { Template } from 'aws-cdk-lib/assertions';
import { resourcesOf } from './synthesized.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/** The permissions of each role of a template, as `action on resource`; roles by logical id without its hash. */
export function permissionsOf(template: Template): Record<string, string[]> {
  const roles = Object.entries(resourcesOf(template, 'AWS::IAM::Role'));
  const policies = Object.values(resourcesOf(template, 'AWS::IAM::Policy'));
  return Object.fromEntries(
    roles.map(([id, { Properties }]) => {
      const inline = (Properties['Policies'] ?? []) as { readonly PolicyDocument: unknown }[];
      const attached = policies
        .filter((policy) => JSON.stringify(policy.Properties['Roles']).includes(`"${id}"`))
        .map((policy) => policy.Properties['PolicyDocument']);
      const managed = (Properties['ManagedPolicyArns'] ?? []) as unknown[];
      const statements = [...inline.map((policy) => policy.PolicyDocument), ...attached].flatMap(
        (document) => (document as { readonly Statement: readonly Statement[] }).Statement,
      );
      return [
        withoutHash(id),
        [...statements.flatMap(permissions), ...managed.map((arn) => `all of ${readable(arn)}`)].sort(),
      ];
    }),
  );
}

function permissions({ Effect, Action, Resource }: Statement): string[] {
  if (Effect !== 'Allow') return [];
  return [Action]
    .flat()
    .flatMap((action) => [Resource].flat().map((resource) => `${action} on ${readable(resource)}`));
}

/** A resource without CloudFormation functions: `Ref` and `Fn::GetAtt` become the logical id without its hash. */
function readable(value: unknown): string {
  if (typeof value === 'string') return value;
  const {
    Ref: ref,
    'Fn::GetAtt': attribute,
    'Fn::Join': join,
    'Fn::Sub': sub,
  } = value as {
    readonly Ref?: string;
    readonly 'Fn::GetAtt'?: readonly [id: string, attribute: string];
    readonly 'Fn::Join'?: readonly [delimiter: string, parts: readonly unknown[]];
    readonly 'Fn::Sub'?: string;
  };
  if (ref !== undefined) return ref.startsWith('AWS::') ? `<${ref.slice('AWS::'.length)}>` : withoutHash(ref);
  if (attribute !== undefined) return withoutHash(attribute[0]);
  if (join !== undefined) return join[1].map(readable).join(join[0]);
  if (sub !== undefined) return sub.replace(/\$\{AWS::(\w+)\}/g, '<$1>');
  throw new Error(`a resource that is hard to read: ${JSON.stringify(value)}`);
}

function withoutHash(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}
