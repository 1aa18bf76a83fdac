import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Policies, readPolicies } from '../services/iam/policies.ts';
import type { FunctionResource } from '../services/lambda/function.ts';
import type { LogDestination } from '../services/logs/filter-log-events.ts';
import type { SecretResource } from '../services/secrets-manager/get-secret-value.ts';
import { createTemplate, type Resources, type Template, type TemplateResource } from './intrinsics.ts';

export interface StateMachineResource {
  readonly name: string;
  readonly arn: string;
  readonly type: 'EXPRESS' | 'STANDARD';
  /** The definition with its substitutions made. */
  readonly definition: string;
  readonly roleArn: string;
  /** Where it logs, if it does. */
  readonly logging?: LogDestination;
}

export interface ScheduleResource {
  readonly name: string;
  readonly expression: string;
  readonly targetArn: string;
  readonly input: string;
  readonly enabled: boolean;
  readonly roleArn: string;
}

/** What the twin runs: the resources of the synthesized template, every reference resolved. */
export interface CloudAssembly {
  readonly functions: readonly FunctionResource[];
  readonly stateMachines: readonly StateMachineResource[];
  readonly schedules: readonly ScheduleResource[];
  /** What the roles of all these may do. */
  readonly policies: Policies;
  /** Name to ARN. */
  readonly eventBuses: ReadonlyMap<string, string>;
  readonly clusterArn: string;
  /** One of them is the master user's. */
  readonly secrets: readonly SecretResource[];
  readonly database: string;
  /** ARNs of the functions that a deployment invokes, in the template's order. */
  readonly triggers: readonly string[];
}

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
  const { Resources } = await readJson(join(folder, templateFile));
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
  return readResources(createTemplate(Resources as Resources), stack[0], codeFolder);
}

async function readJson(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
}

function readResources(
  template: Template,
  stackName: string,
  codeFolder: (code: unknown) => string,
): CloudAssembly {
  const { ofType, text } = template;
  const texts = (values: unknown) =>
    Object.fromEntries(Object.entries((values ?? {}) as object).map(([name, value]) => [name, text(value)]));

  const [cluster] = ofType('AWS::RDS::DBCluster');
  if (cluster === undefined) {
    throw new Error(
      'the template has no AWS::RDS::DBCluster for the outbox: the twin cannot run a stack with an existing cluster',
    );
  }
  // A function without a name is CDK's own, for the deployment.
  const functions = ofType('AWS::Lambda::Function')
    .filter(({ properties }) => properties['FunctionName'] !== undefined)
    .map(({ ref, arn, properties }) => ({
      key: ref.startsWith(`${stackName}-`) ? ref.slice(stackName.length + 1) : ref,
      functionName: ref,
      arn,
      codeFolder: codeFolder(properties['Code']),
      handler: text(properties['Handler']),
      timeoutSeconds: Number(properties['Timeout'] ?? 3),
      memoryMiB: Number(properties['MemorySize'] ?? 128),
      environment: texts((properties['Environment'] as { Variables?: unknown } | undefined)?.Variables),
      roleArn: text(properties['Role']),
    }));
  const stateMachines = ofType('AWS::StepFunctions::StateMachine').map(
    ({ arn, properties }): StateMachineResource => ({
      name: text(properties['StateMachineName']),
      arn,
      type: properties['StateMachineType'] === 'EXPRESS' ? 'EXPRESS' : 'STANDARD',
      definition: substitute(
        text(properties['DefinitionString']),
        texts(properties['DefinitionSubstitutions']),
      ),
      roleArn: text(properties['RoleArn']),
      logging: readLogging(properties['LoggingConfiguration'], text),
    }),
  );
  const schedules = ofType('AWS::Scheduler::Schedule').map(({ ref, properties }) => {
    const target = properties['Target'] as Record<string, unknown>;
    return {
      name: ref,
      expression: text(properties['ScheduleExpression']),
      targetArn: text(target['Arn']),
      input: text(target['Input'] ?? '{}'),
      enabled: properties['State'] !== 'DISABLED',
      roleArn: text(target['RoleArn']),
    };
  });
  return {
    functions,
    stateMachines,
    schedules,
    policies: readPolicies(
      template,
      new Set([...functions, ...stateMachines, ...schedules].map(({ roleArn }) => roleArn)),
    ),
    eventBuses: new Map(ofType('AWS::Events::EventBus').map(({ ref, arn }) => [ref, arn])),
    clusterArn: cluster.arn,
    secrets: readSecrets(template, cluster),
    database: text(cluster.properties['DatabaseName']),
    triggers: ofType('Custom::Trigger').map(({ properties }) => text(properties['HandlerArn'])),
  };
}

function readLogging(configuration: unknown, text: Template['text']): LogDestination | undefined {
  const {
    Level,
    IncludeExecutionData,
    Destinations = [],
  } = (configuration ?? {}) as {
    Level?: LogDestination['level'] | 'OFF';
    IncludeExecutionData?: boolean;
    Destinations?: { CloudWatchLogsLogGroup?: { LogGroupArn?: unknown } }[];
  };
  const arn = Destinations[0]?.CloudWatchLogsLogGroup?.LogGroupArn;
  if (Level === undefined || Level === 'OFF' || arn === undefined) return undefined;
  const logGroupName = text(arn).replace(/^.*:log-group:|:\*$/g, '');
  return { logGroupName, level: Level, includeExecutionData: IncludeExecutionData === true };
}

function readSecrets({ ofType, text }: Template, cluster: TemplateResource): readonly SecretResource[] {
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
        `secret ${arn} has no username in its SecretStringTemplate: the twin knows database users only`,
      );
    return { arn, username, master: masterPassword.includes(`:${arn}:`) };
  });
  if (!secrets.some(({ master }) => master))
    throw new Error(
      "no secret of the template holds the cluster's master password: let CDK generate its credentials",
    );
  return secrets;
}

/** `${Name}` in a definition, as CloudFormation replaces it; what is not given stays and fails at load. */
function substitute(definition: string, values: Readonly<Record<string, string>>): string {
  return definition.replace(
    /\$\{([A-Za-z0-9_]+)\}/g,
    (placeholder, name: string) => values[name] ?? placeholder,
  );
}
