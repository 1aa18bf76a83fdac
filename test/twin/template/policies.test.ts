import { describe, expect, test } from '@jest/globals';
import { createAuthorizer } from '../../../twin/services/iam/authorize.ts';
import { createTemplate } from '../../../twin/template/intrinsics.ts';
import { readPolicies } from '../../../twin/template/policies.ts';

const roleArn = 'arn:aws:iam::000000000000:role/Worker';
const queue = 'arn:aws:sqs:us-east-1:000000000000:orders';
const allow = (Action: unknown, Resource: unknown) => ({ Effect: 'Allow', Action, Resource });
const deny = (Action: unknown, Resource: unknown) => ({ Effect: 'Deny', Action, Resource });
const document = (Statement: unknown) => ({ PolicyName: 'p', PolicyDocument: { Statement } });

/** Returns the authorizer of a template with the role Worker and these other resources. */
function authorizerOf(role: object, others: Parameters<typeof createTemplate>[0] = {}) {
  const template = createTemplate({
    Worker: { Type: 'AWS::IAM::Role', Properties: { ...role } },
    ...others,
  });
  const authorize = createAuthorizer(readPolicies(template, new Set([roleArn])));
  return (action: string, resource: string) => authorize({ roleArn, session: 's' }, action, resource, 403);
}

const withStatements = (...statements: readonly object[]) =>
  authorizerOf({ Policies: [document(statements)] });

describe('allowed actions', () => {
  test.each<[string, object[]]>([
    ['by its name', [allow('sqs:SendMessage', queue)]],
    ['in a list of actions', [allow(['sqs:GetQueueUrl', 'sqs:SendMessage'], queue)]],
    ['in another case', [allow('SQS:sendmessage', queue)]],
    ['by a wildcard', [allow('sqs:Send*', queue)]],
    ['with every action of the service', [allow('sqs:*', queue)]],
    ['with every action', [allow('*', queue)]],
    ['for a list of resources', [allow('sqs:SendMessage', ['arn:aws:s3:::a', queue])]],
    ['for resources that match a star, across colons', [allow('sqs:SendMessage', 'arn:aws:sqs:*:orders')]],
    ['for resources that match a question mark', [allow('sqs:SendMessage', queue.replace('o', '?'))]],
    ['for every resource', [allow('sqs:SendMessage', '*')]],
    ['by one of several statements', [allow('s3:GetObject', '*'), allow('sqs:SendMessage', queue)]],
    [
      'and denied only for another resource',
      [allow('sqs:*', '*'), deny('sqs:SendMessage', `${queue}-other`)],
    ],
    [
      'under a condition, which the twin does not evaluate',
      [{ ...allow('sqs:SendMessage', queue), Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
    ],
  ])('a role may perform an action that is allowed %s', (_, statements) => {
    expect(() => withStatements(...statements)('sqs:SendMessage', queue)).not.toThrow();
  });

  test('a role may perform what an attached policy allows, with every reference resolved', () => {
    const authorize = authorizerOf(
      { ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'] },
      {
        Orders: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'orders' } },
        Policy: {
          Type: 'AWS::IAM::Policy',
          Properties: {
            ...document(allow('sqs:SendMessage', { 'Fn::GetAtt': ['Orders', 'Arn'] })),
            Roles: [{ Ref: 'Worker' }],
          },
        },
      },
    );

    expect(() => authorize('sqs:SendMessage', queue)).not.toThrow();
  });
});

describe('denied actions', () => {
  test.each<[string, object[]]>([
    ['no policy at all', []],
    ['permission for a longer action name only', [allow('sqs:SendMessageBatch', queue)]],
    ['permission for the beginning of the action name only', [allow('sqs:Send', queue)]],
    ['permission for the same action of another service only', [allow('sns:*', queue)]],
    ['permission for another resource only', [allow('sqs:SendMessage', `${queue}-other`)]],
    ['permission for the resource in another case only', [allow('sqs:SendMessage', queue.toUpperCase())]],
    [
      'permission for a resource with dots instead of hyphens only',
      [allow('sqs:SendMessage', queue.replace(/-/g, '.'))],
    ],
    ['permission for a resource with one more character only', [allow('sqs:SendMessage', `${queue}?`)]],
  ])('a role may not perform an action with %s', (_, statements) => {
    expect(() => withStatements(...statements)('sqs:SendMessage', queue)).toThrow(
      expect.objectContaining({
        code: 'AccessDeniedException',
        status: 403,
        message:
          `User: arn:aws:sts::000000000000:assumed-role/Worker/s is not authorized to perform: sqs:SendMessage ` +
          `on resource: ${queue} because no identity-based policy allows the sqs:SendMessage action`,
      }),
    );
  });

  test.each<[string, object[]]>([
    ['after the permission', [allow('*', '*'), deny('sqs:*', queue)]],
    ['before the permission', [deny('sqs:*', queue), allow('*', '*')]],
  ])('a role may not perform an action that is denied %s', (_, statements) => {
    expect(() => withStatements(...statements)('sqs:SendMessage', queue)).toThrow(
      /on resource: \S+ with an explicit deny in an identity-based policy$/,
    );
  });

  test('a role may not perform what a policy of another role allows', () => {
    const authorize = authorizerOf(
      {},
      {
        Other: { Type: 'AWS::IAM::Role' },
        Policy: {
          Type: 'AWS::IAM::Policy',
          Properties: { ...document(allow('*', '*')), Roles: [{ Ref: 'Other' }] },
        },
      },
    );

    expect(() => authorize('sqs:SendMessage', queue)).toThrow('not authorized');
  });

  test('a role may not invoke a qualified function when only the unqualified one is allowed', () => {
    const fn = 'arn:aws:lambda:us-east-1:000000000000:function:work';
    expect(() =>
      withStatements(allow('lambda:InvokeFunction', fn))('lambda:InvokeFunction', `${fn}:1`),
    ).toThrow(`on resource: ${fn}:1 because`);
  });
});

describe('policies that the twin cannot evaluate', () => {
  test.each<[string, object, string]>([
    [
      'NotAction',
      { Policies: [document({ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' })] },
      'does not evaluate NotAction',
    ],
    [
      'NotResource',
      { Policies: [document({ Effect: 'Deny', Action: 's3:*', NotResource: queue })] },
      'does not evaluate NotResource',
    ],
    [
      'an unknown effect',
      { Policies: [document({ Effect: 'allow', Action: 's3:*', Resource: '*' })] },
      'has Effect "allow": expected Allow or Deny',
    ],
    [
      'a managed policy',
      { ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] },
      'does not evaluate managed policy arn:aws:iam::aws:policy/AdministratorAccess',
    ],
    [
      'a permissions boundary',
      { PermissionsBoundary: 'arn:aws:iam::1:policy/b' },
      'does not evaluate PermissionsBoundary',
    ],
  ])('a role is refused when it is read because of %s', (_, role, message) => {
    expect(() => authorizerOf(role)).toThrow(message);
  });

  test('a role is refused when a managed policy of the template is attached to it', () => {
    const Policy = { Type: 'AWS::IAM::ManagedPolicy', Properties: { Roles: [{ Ref: 'Worker' }] } };
    expect(() => authorizerOf({}, { Policy })).toThrow('does not evaluate AWS::IAM::ManagedPolicy');
  });

  test('a role that the template does not define is refused', () => {
    expect(() => readPolicies(createTemplate({}), new Set([roleArn]))).toThrow(`${roleArn} is no role`);
  });

  test('a role that no function, state machine or schedule has is not read', () => {
    const Stranger = {
      Type: 'AWS::IAM::Role',
      Properties: { ManagedPolicyArns: [{ 'Fn::ImportValue': 'policy' }] },
    };
    expect(() => authorizerOf({}, { Stranger })).not.toThrow();
  });
});
