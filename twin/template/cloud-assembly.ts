import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AlarmResource, readAlarms } from './alarm.ts';
import { type FunctionResource, readFunctions } from './function.ts';
import { type Conditions, createTemplate, type Resources, type Template } from './intrinsics.ts';
import { type Policies, readPolicies } from './policies.ts';
import { readSchedules, type ScheduleResource } from './schedule.ts';
import { readSecrets, type SecretResource } from './secret.ts';
import { type Outputs, readStack, type StackResource } from './stack.ts';
import { readStateMachines, type StateMachineResource } from './state-machine.ts';

/** What the twin runs: the resources of the synthesized template, every reference resolved. */
export interface CloudAssembly {
  readonly stack: StackResource;
  readonly functions: readonly FunctionResource[];
  readonly stateMachines: readonly StateMachineResource[];
  readonly schedules: readonly ScheduleResource[];
  readonly alarms: readonly AlarmResource[];
  /** The permissions of their roles. */
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
  const manifest = await readJson(join(folder, 'manifest.json')).catch((error: Error) => {
    throw new Error(
      `"${folder}" holds no cloud assembly (${error.message}): give the folder that cdk synth has written`,
    );
  });
  const stacks = Object.entries(
    manifest['artifacts'] as Record<string, { type: string; properties: unknown }>,
  ).filter(([, { type }]) => type === 'aws:cloudformation:stack');
  const [stack] = stacks;
  if (stack === undefined || stacks.length > 1) {
    throw new Error(`${folder} holds ${stacks.length} stacks: the twin runs exactly one`);
  }
  const { templateFile, stackName = stack[0] } = stack[1].properties as {
    templateFile: string;
    stackName?: string;
  };
  const { Resources, Outputs = {}, Conditions } = await readJson(join(folder, templateFile));
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
  const template = createTemplate(Resources as Resources, Conditions as Conditions | undefined);
  return {
    stack: readStack(template, stackName, Outputs as Outputs),
    ...readResources(template, stack[0], codeFolder),
  };
}

async function readJson(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
}

function readResources(
  template: Template,
  stackName: string,
  codeFolder: (code: unknown) => string,
): Omit<CloudAssembly, 'stack'> {
  const { ofType, text } = template;
  const [cluster] = ofType('AWS::RDS::DBCluster');
  if (cluster === undefined) {
    throw new Error(
      'the template has no AWS::RDS::DBCluster: the twin cannot run a stack that uses an existing cluster',
    );
  }
  const functions = readFunctions(template, stackName, codeFolder);
  const stateMachines = readStateMachines(template);
  const schedules = readSchedules(template);
  return {
    functions,
    stateMachines,
    schedules,
    alarms: readAlarms(template),
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
