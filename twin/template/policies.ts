import type { Properties, Template } from './intrinsics.ts';

interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly RegExp[];
  readonly resources: readonly RegExp[];
}

/** The permissions of each role, by its ARN. */
export type Policies = ReadonlyMap<string, readonly Statement[]>;

// It grants writing logs, which the twin does not check.
const harmlessPolicy = /:policy\/service-role\/AWSLambdaBasicExecutionRole$/;
const readable = ['Sid', 'Effect', 'Action', 'Resource', 'Condition'];

/** Reads the identity policies of these roles. What it cannot evaluate is an error, never ignored. */
export function readPolicies(template: Template, roleArns: ReadonlySet<string>): Policies {
  const attached = template.ofType('AWS::IAM::Policy').map(({ properties }) => properties);
  const policiesOf = (roleArn: string): readonly Properties[] => {
    const role = template.ofType('AWS::IAM::Role').find(({ arn }) => arn === roleArn);
    if (role === undefined)
      throw new Error(`${roleArn} is no role of the template: the twin cannot know what it may do`);
    refuseUnsupported(roleArn, role.properties, template);
    return [
      ...(list(role.properties['Policies']) as Properties[]),
      ...attached.filter(({ Roles }) => list(Roles).map(template.text).includes(role.ref)),
    ];
  };
  const statementsOf = (roleArn: string): readonly Statement[] =>
    policiesOf(roleArn)
      .flatMap(({ PolicyDocument }) => list((PolicyDocument as Properties)['Statement']))
      .map((statement) => readStatement(roleArn, statement as Properties, template));
  return new Map([...roleArns].map((roleArn) => [roleArn, statementsOf(roleArn)]));
}

function refuseUnsupported(roleArn: string, role: Properties, { text, ofType }: Template): void {
  const managed = list(role['ManagedPolicyArns'])
    .map(text)
    .find((policyArn) => !harmlessPolicy.test(policyArn));
  const unsupported = [
    ...(managed === undefined ? [] : [`managed policy ${managed}`]),
    ...(role['PermissionsBoundary'] === undefined ? [] : ['PermissionsBoundary']),
    ...['AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy'].filter((type) => ofType(type).length > 0),
  ];
  if (unsupported.length > 0) {
    throw new Error(
      `${roleArn}: the twin does not evaluate ${unsupported.join(', ')}: grant it in an AWS::IAM::Policy`,
    );
  }
}

/** A `Condition` is not evaluated: the statement counts as if it held. */
function readStatement(roleArn: string, statement: Properties, { text }: Template): Statement {
  const unknown = Object.keys(statement).find((key) => !readable.includes(key));
  if (unknown !== undefined)
    throw new Error(`${roleArn}: the twin does not evaluate ${unknown} in a policy: use Action and Resource`);
  const { Effect: effect, Action, Resource } = statement;
  if (effect !== 'Allow' && effect !== 'Deny')
    throw new Error(`${roleArn}: a policy has Effect ${JSON.stringify(effect)}: expected Allow or Deny`);
  return {
    effect,
    actions: list(Action).map((action) => pattern(text(action), 'i')),
    resources: list(Resource).map((resource) => pattern(text(resource))),
  };
}

function pattern(wildcards: string, flags = ''): RegExp {
  const source = wildcards
    .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, flags);
}

/** IAM allows a list with one element to be written without brackets. */
function list(value: unknown = []): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [value];
}
