import { describe, expect, test } from '@jest/globals';
import { createAuthorizer } from '../../../twin/services/iam/authorize.ts';
import { createTemplate } from '../../../twin/template/intrinsics.ts';
import { readPolicies } from '../../../twin/template/policies.ts';

const roleArn = 'arn:aws:iam::000000000000:role/Worker';
const queue = 'arn:aws:sqs:us-east-1:000000000000:orders';
const allow = (Action: unknown, Resource: unknown) => ({ Effect: 'Allow', Action, Resource });
const deny = (Action: unknown, Resource: unknown) => ({ Effect: 'Deny', Action, Resource });
const document = (Statement: unknown) => ({ PolicyName: 'p', PolicyDocument: { Statement } });

/** Authorizes by a template with the role Worker and these resources beside it. */
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

describe('a role may do', () => {
  test.each<[string, object[]]>([
    ['what is allowed by its name', [allow('sqs:SendMessage', queue)]],
    ['an action in a list', [allow(['sqs:GetQueueUrl', 'sqs:SendMessage'], queue)]],
    ['an action in other case', [allow('SQS:sendmessage', queue)]],
    ['an action that a wildcard covers', [allow('sqs:Send*', queue)]],
    ['every action of a service', [allow('sqs:*', queue)]],
    ['every action', [allow('*', queue)]],
    ['a resource in a list', [allow('sqs:SendMessage', ['arn:aws:s3:::a', queue])]],
    ['a resource that a star covers, across colons', [allow('sqs:SendMessage', 'arn:aws:sqs:*:orders')]],
    ['a resource that a question mark covers', [allow('sqs:SendMessage', queue.replace('o', '?'))]],
    ['every resource', [allow('sqs:SendMessage', '*')]],
    ['what one of its statements allows', [allow('s3:GetObject', '*'), allow('sqs:SendMessage', queue)]],
    ['what is denied elsewhere', [allow('sqs:*', '*'), deny('sqs:SendMessage', `${queue}-other`)]],
    [
      'what has a condition, which nobody evaluates',
      [{ ...allow('sqs:SendMessage', queue), Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
    ],
  ])('%s', (_, statements) => {
    expect(() => withStatements(...statements)('sqs:SendMessage', queue)).not.toThrow();
  });

  test('what a policy that is attached to it allows, with every reference resolved', () => {
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

describe('a role may not do', () => {
  test.each<[string, object[]]>([
    ['anything without a policy', []],
    ['another action', [allow('sqs:SendMessageBatch', queue)]],
    ['an action of which it has only the beginning', [allow('sqs:Send', queue)]],
    ['the same action of another service', [allow('sns:*', queue)]],
    ['the action on another resource', [allow('sqs:SendMessage', `${queue}-other`)]],
    ['the action on a resource in other case', [allow('sqs:SendMessage', queue.toUpperCase())]],
    ['what would match if a dot stood for anything', [allow('sqs:SendMessage', queue.replace(/-/g, '.'))]],
    [
      'the action on a resource that lacks what a question mark stands for',
      [allow('sqs:SendMessage', `${queue}?`)],
    ],
  ])('%s', (_, statements) => {
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
    ['before it', [deny('sqs:*', queue), allow('*', '*')]],
  ])('what is denied %s', (_, statements) => {
    expect(() => withStatements(...statements)('sqs:SendMessage', queue)).toThrow(
      /on resource: \S+ with an explicit deny in an identity-based policy$/,
    );
  });

  test('what a policy allows that is attached to another role', () => {
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

  test('a qualified function, when only the unqualified one is allowed', () => {
    const fn = 'arn:aws:lambda:us-east-1:000000000000:function:work';
    expect(() =>
      withStatements(allow('lambda:InvokeFunction', fn))('lambda:InvokeFunction', `${fn}:1`),
    ).toThrow(`on resource: ${fn}:1 because`);
  });
});

describe('what cannot be evaluated is refused when it is read', () => {
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
      'an effect of another name',
      { Policies: [document({ Effect: 'allow', Action: 's3:*', Resource: '*' })] },
      'has Effect "allow": expected Allow or Deny',
    ],
    [
      'a managed policy',
      { ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] },
      'does not evaluate managed policy arn:aws:iam::aws:policy/AdministratorAccess',
    ],
    [
      'a boundary',
      { PermissionsBoundary: 'arn:aws:iam::1:policy/b' },
      'does not evaluate PermissionsBoundary',
    ],
  ])('%s', (_, role, message) => {
    expect(() => authorizerOf(role)).toThrow(message);
  });

  test('a managed policy of the template', () => {
    const Policy = { Type: 'AWS::IAM::ManagedPolicy', Properties: { Roles: [{ Ref: 'Worker' }] } };
    expect(() => authorizerOf({}, { Policy })).toThrow('does not evaluate AWS::IAM::ManagedPolicy');
  });

  test('a role that the template does not define', () => {
    expect(() => readPolicies(createTemplate({}), new Set([roleArn]))).toThrow(`${roleArn} is no role`);
  });

  test('except in a role that no function, state machine or schedule has', () => {
    const Stranger = {
      Type: 'AWS::IAM::Role',
      Properties: { ManagedPolicyArns: [{ 'Fn::ImportValue': 'policy' }] },
    };
    expect(() => authorizerOf({}, { Stranger })).not.toThrow();
  });
});
