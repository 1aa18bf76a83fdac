import { account, arnOf, region } from '../arn.ts';

/** A synthesized CloudFormation template whose references can be resolved. */
export interface Template {
  /** In the template's order. */
  ofType(type: string): readonly TemplateResource[];
  /** The text of a value of the template, with its references resolved. */
  text(value: unknown): string;
  /** The same for each value of an object; undefined is an empty one. */
  texts(values: unknown): Record<string, string>;
}

export interface TemplateResource {
  /** What `Ref` gives. */
  readonly ref: string;
  readonly arn: string;
  readonly properties: Properties;
}

export type Properties = Readonly<Record<string, unknown>>;

/** The template's `Resources`, as the file has them. */
export type Resources = Readonly<Record<string, { readonly Type: string; readonly Properties?: Properties }>>;

/** The template's `Conditions`, as the file has them. */
export type Conditions = Readonly<Record<string, unknown>>;

const pseudoParameters: Readonly<Record<string, string>> = {
  'AWS::AccountId': account,
  'AWS::Partition': 'aws',
  'AWS::Region': region,
  'AWS::URLSuffix': 'amazonaws.com',
};

/** What `Ref` and `Fn::GetAtt Arn` give for the types that something refers to; the name is the physical one. */
const identities: Readonly<Record<string, (name: string) => { ref: string; arn: string }>> = {
  'AWS::CloudWatch::Alarm': (name) => ({ ref: name, arn: arnOf('cloudwatch', `alarm:${name}`) }),
  'AWS::Events::EventBus': (name) => ({ ref: name, arn: arnOf('events', `event-bus/${name}`) }),
  'AWS::IAM::Role': (name) => ({ ref: name, arn: `arn:aws:iam::${account}:role/${name}` }),
  'AWS::Lambda::Function': (name) => ({ ref: name, arn: arnOf('lambda', `function:${name}`) }),
  'AWS::Logs::LogGroup': (name) => ({ ref: name, arn: arnOf('logs', `log-group:${name}:*`) }),
  'AWS::RDS::DBCluster': (name) => ({ ref: name, arn: arnOf('rds', `cluster:${name}`) }),
  'AWS::SecretsManager::Secret': (name) => same(arnOf('secretsmanager', `secret:${name}`)),
  'AWS::SQS::Queue': (name) => ({ ref: name, arn: arnOf('sqs', name) }),
  'AWS::StepFunctions::StateMachine': (name) => same(arnOf('states', `stateMachine:${name}`)),
};

const nameProperties = [
  'FunctionName',
  'StateMachineName',
  'Name',
  'LogGroupName',
  'QueueName',
  'RoleName',
  'AlarmName',
];

/** Resolves the intrinsic functions that CDK writes into such a template; any other is an error that names it. */
export function createTemplate(resources: Resources, conditions: Conditions = {}): Template {
  function identity(id: string): { ref: string; arn: string } {
    const resource = resources[id];
    if (resource === undefined) throw new Error(`the template refers to ${id}, which it does not define`);
    const properties = resource.Properties ?? {};
    // A version and an attachment have the identity of their function and secret.
    if (resource.Type === 'AWS::Lambda::Version') {
      return same(`${identity((properties['FunctionName'] as { Ref: string }).Ref).arn}:1`);
    }
    if (resource.Type === 'AWS::SecretsManager::SecretTargetAttachment') {
      return identity((properties['SecretId'] as { Ref: string }).Ref);
    }
    const nameProperty = nameProperties.find((name) => typeof properties[name] === 'string');
    const name = nameProperty === undefined ? id : String(properties[nameProperty]);
    return identities[resource.Type]?.(name) ?? same(name);
  }

  function text(value: unknown): string {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return String(value);
    const [[intrinsic, argument] = ['nothing', undefined]] = Object.entries((value ?? {}) as object);
    if (intrinsic === 'Ref') return pseudoParameters[String(argument)] ?? identity(String(argument)).ref;
    if (intrinsic === 'Fn::Join') {
      const [separator, parts] = argument as [string, unknown[]];
      return parts.map(text).join(separator);
    }
    if (intrinsic === 'Fn::GetAtt') {
      const [id, attribute] = argument as [string, string];
      const { arn, ref } = identity(id);
      if (attribute === 'Arn' || attribute === 'DBClusterArn') return arn;
      if (attribute === 'Name') return ref;
    }
    if (intrinsic === 'Fn::If') {
      const [condition, yes, no] = argument as [string, unknown, unknown];
      return text(holds(condition) ? yes : no);
    }
    throw new Error(`the twin cannot resolve ${JSON.stringify(value)}`);
  }

  function holds(condition: string): boolean {
    const { 'Fn::Equals': compared } = (conditions[condition] ?? {}) as { 'Fn::Equals'?: [unknown, unknown] };
    if (compared === undefined)
      throw new Error(
        `the twin cannot decide the condition ${condition}: ${JSON.stringify(conditions[condition])}`,
      );
    const [left, right] = compared.map(text);
    return left === right;
  }

  return {
    text,
    texts: (values) =>
      Object.fromEntries(
        Object.entries((values ?? {}) as object).map(([name, value]) => [name, text(value)]),
      ),
    ofType: (type) =>
      Object.entries(resources)
        .filter(([, { Type }]) => Type === type)
        .map(([id, { Properties = {} }]) => ({ ...identity(id), properties: Properties })),
  };
}

function same(identity: string): { ref: string; arn: string } {
  return { ref: identity, arn: identity };
}
