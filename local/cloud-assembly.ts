import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FunctionResource } from './lambda.ts';

export interface StateMachineResource {
  readonly name: string;
  readonly arn: string;
  readonly type: 'EXPRESS' | 'STANDARD';
  /** The definition with its substitutions made. */
  readonly definition: string;
  readonly roleArn: string;
}

export interface ScheduleResource {
  readonly name: string;
  readonly expression: string;
  readonly targetArn: string;
  readonly input: string;
  readonly enabled: boolean;
}

/** What the twin runs: the resources of the synthesized template, every reference resolved. */
export interface CloudAssembly {
  readonly region: string;
  readonly account: string;
  readonly functions: readonly FunctionResource[];
  readonly stateMachines: readonly StateMachineResource[];
  readonly schedules: readonly ScheduleResource[];
  /** Name to ARN. */
  readonly eventBuses: ReadonlyMap<string, string>;
  readonly clusterArn: string;
  readonly secretArns: readonly string[];
  readonly database: string;
  /** ARNs of the functions that a deployment invokes, in the template's order. */
  readonly triggers: readonly string[];
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}
type Resources = Readonly<Record<string, Resource>>;

const region = 'us-east-1';
const account = '000000000000';
const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;

const pseudoParameters: Readonly<Record<string, string>> = {
  'AWS::AccountId': account,
  'AWS::Partition': 'aws',
  'AWS::Region': region,
  'AWS::URLSuffix': 'amazonaws.com',
};

/** What `Ref` and `Fn::GetAtt Arn` give for the types that something refers to; the name is the physical one. */
const identities: Readonly<Record<string, (name: string) => { ref: string; arn: string }>> = {
  'AWS::Events::EventBus': (name) => ({ ref: name, arn: arn('events', `event-bus/${name}`) }),
  'AWS::IAM::Role': (name) => ({ ref: name, arn: `arn:aws:iam::${account}:role/${name}` }),
  'AWS::Lambda::Function': (name) => ({ ref: name, arn: arn('lambda', `function:${name}`) }),
  'AWS::Logs::LogGroup': (name) => ({ ref: name, arn: arn('logs', `log-group:${name}:*`) }),
  'AWS::RDS::DBCluster': (name) => ({ ref: name, arn: arn('rds', `cluster:${name}`) }),
  'AWS::SecretsManager::Secret': (name) => ({ ref: arn('secretsmanager', `secret:${name}`), arn: '' }),
  'AWS::SQS::Queue': (name) => ({ ref: name, arn: arn('sqs', name) }),
  'AWS::StepFunctions::StateMachine': (name) => {
    const stateMachineArn = arn('states', `stateMachine:${name}`);
    return { ref: stateMachineArn, arn: stateMachineArn };
  },
};

const nameProperties = ['FunctionName', 'StateMachineName', 'Name', 'LogGroupName', 'QueueName', 'RoleName'];

/** Reads the one stack of a cloud assembly folder (`cdk.out`). */
export async function readCloudAssembly(folder: string): Promise<CloudAssembly> {
  const manifest = await readJson(join(folder, 'manifest.json'));
  const stacks = Object.entries(
    manifest['artifacts'] as Record<string, { type: string; properties: unknown }>,
  ).filter(([, { type }]) => type === 'aws:cloudformation:stack');
  const [stack] = stacks;
  if (stack === undefined || stacks.length > 1) {
    throw new Error(`${folder} holds ${stacks.length} stacks: the twin runs exactly one`);
  }
  const { templateFile } = stack[1].properties as { templateFile: string };
  const template = await readJson(join(folder, templateFile));
  const assets = (await readJson(join(folder, `${stack[0]}.assets.json`)))['files'] as Record<
    string,
    { source: { path: string } }
  >;
  const codeFolder = (code: unknown): string => {
    const { S3Key } = code as { S3Key: string };
    const asset = assets[S3Key.replace(/\.zip$/, '')];
    if (asset === undefined) throw new Error(`no asset ${S3Key} in ${folder}`);
    return join(folder, asset.source.path);
  };
  return readResources(template['Resources'] as Resources, stack[0], codeFolder);
}

async function readJson(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
}

function readResources(
  resources: Resources,
  stackName: string,
  codeFolder: (code: unknown) => string,
): CloudAssembly {
  const resolve = createResolver(resources);
  const ofType = (type: string) =>
    Object.entries(resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, { Properties = {} }]) => ({ id, ref: resolve({ Ref: id }), raw: Properties }));
  const text = (value: unknown) => resolve(value);
  const texts = (values: unknown) =>
    Object.fromEntries(
      Object.entries((values ?? {}) as object).map(([name, value]) => [name, resolve(value)]),
    );

  const [cluster] = ofType('AWS::RDS::DBCluster');
  if (cluster === undefined) throw new Error('the template has no AWS::RDS::DBCluster for the outbox');

  return {
    region,
    account,
    // A function without a name is CDK's own, for the deployment.
    functions: ofType('AWS::Lambda::Function')
      .filter(({ raw }) => raw['FunctionName'] !== undefined)
      .map(({ id, ref, raw }) => ({
        key: ref.startsWith(`${stackName}-`) ? ref.slice(stackName.length + 1) : ref,
        functionName: ref,
        arn: resolve({ 'Fn::GetAtt': [id, 'Arn'] }),
        codeFolder: codeFolder(raw['Code']),
        handler: text(raw['Handler']),
        timeoutSeconds: Number(raw['Timeout'] ?? 3),
        memoryMiB: Number(raw['MemorySize'] ?? 128),
        environment: texts((raw['Environment'] as { Variables?: unknown } | undefined)?.Variables),
      })),
    stateMachines: ofType('AWS::StepFunctions::StateMachine').map(({ ref, raw }) => ({
      name: text(raw['StateMachineName']),
      arn: ref,
      type: raw['StateMachineType'] === 'EXPRESS' ? 'EXPRESS' : 'STANDARD',
      definition: substitute(text(raw['DefinitionString']), texts(raw['DefinitionSubstitutions'])),
      roleArn: text(raw['RoleArn']),
    })),
    schedules: ofType('AWS::Scheduler::Schedule').map(({ ref, raw }) => {
      const target = raw['Target'] as Record<string, unknown>;
      return {
        name: ref,
        expression: text(raw['ScheduleExpression']),
        targetArn: text(target['Arn']),
        input: text(target['Input'] ?? '{}'),
        enabled: raw['State'] !== 'DISABLED',
      };
    }),
    eventBuses: new Map(
      ofType('AWS::Events::EventBus').map(({ id, ref }) => [ref, resolve({ 'Fn::GetAtt': [id, 'Arn'] })]),
    ),
    clusterArn: resolve({ 'Fn::GetAtt': [cluster.id, 'Arn'] }),
    secretArns: ofType('AWS::SecretsManager::Secret').map(({ ref }) => ref),
    database: text(cluster.raw['DatabaseName']),
    triggers: ofType('Custom::Trigger').map(({ raw }) => text(raw['HandlerArn'])),
  };
}

/** Resolves the intrinsic functions that CDK writes into such a template; any other is an error that names it. */
function createResolver(resources: Resources): (value: unknown) => string {
  function identity(id: string): { ref: string; arn: string } {
    const resource = resources[id];
    if (resource === undefined) throw new Error(`the template refers to ${id}, which it does not define`);
    const properties = resource.Properties ?? {};
    // A version's and an attachment's identity are those of what they belong to.
    if (resource.Type === 'AWS::Lambda::Version') {
      const { arn: functionArn } = identity((properties['FunctionName'] as { Ref: string }).Ref);
      return { ref: `${functionArn}:1`, arn: `${functionArn}:1` };
    }
    if (resource.Type === 'AWS::SecretsManager::SecretTargetAttachment') {
      return identity((properties['SecretId'] as { Ref: string }).Ref);
    }
    const nameProperty = nameProperties.find((name) => typeof properties[name] === 'string');
    const name = nameProperty === undefined ? id : String(properties[nameProperty]);
    return identities[resource.Type]?.(name) ?? { ref: name, arn: '' };
  }

  return function resolve(value: unknown): string {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return String(value);
    const [[intrinsic, argument] = ['nothing', undefined]] = Object.entries((value ?? {}) as object);
    if (intrinsic === 'Ref') return pseudoParameters[String(argument)] ?? identity(String(argument)).ref;
    if (intrinsic === 'Fn::Join') {
      const [separator, parts] = argument as [string, unknown[]];
      return parts.map(resolve).join(separator);
    }
    if (intrinsic === 'Fn::GetAtt') {
      const [id, attribute] = argument as [string, string];
      const { arn: found, ref } = identity(id);
      if (attribute === 'Arn' || attribute === 'DBClusterArn') return found || `${ref}`;
      if (attribute === 'Name') return ref;
    }
    throw new Error(`the twin cannot resolve ${JSON.stringify(value)}`);
  };
}

/** `${Name}` in a definition, as CloudFormation replaces it; what is not given stays and fails at load. */
function substitute(definition: string, values: Readonly<Record<string, string>>): string {
  return definition.replace(
    /\$\{([A-Za-z0-9_]+)\}/g,
    (placeholder, name: string) => values[name] ?? placeholder,
  );
}
