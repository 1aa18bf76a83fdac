import type { Template } from 'aws-cdk-lib/assertions';
import { type Resource, resourcesOf } from '../synthesized.ts';

/** The resources of a template as plain data, a copy that tests may break. */
export type Resources = Record<string, Resource & { Properties: Record<string, unknown> }>;

export function plainResources(template: Template): Resources {
  return structuredClone((template.toJSON() as { Resources: Resources }).Resources);
}

interface Reference {
  readonly Ref?: string;
}

/** The properties of the state machine that is deployed from a definition file, e.g. `outbox-processor`. */
export function machineProperties(resources: Resources, machine: string): Record<string, unknown> {
  const [found] = Object.values(resources).filter(
    ({ Type, Properties }) =>
      Type === 'AWS::StepFunctions::StateMachine' && Properties['StateMachineName'] === machine,
  );
  if (found === undefined) throw new Error(`no state machine ${machine}`);
  return found.Properties;
}

export function substitutionsOf(resources: Resources, machine: string): Record<string, string | Reference> {
  return machineProperties(resources, machine)['DefinitionSubstitutions'] as Record<
    string,
    string | Reference
  >;
}

/** The properties of the function of a published version; undefined for anything but a version. */
export function functionBehind(resources: Resources, arn: unknown): Record<string, unknown> | undefined {
  return resources[functionIdBehind(resources, arn) ?? '']?.Properties;
}

export function functionIdBehind(resources: Resources, arn: unknown): string | undefined {
  const version = resources[(arn as Reference | undefined)?.Ref ?? ''];
  if (version?.Type !== 'AWS::Lambda::Version') return undefined;
  return (version.Properties['FunctionName'] as Reference).Ref;
}

/** The function of a placeholder such as `FetchBatchFunctionArn`. */
export function functionOf(
  resources: Resources,
  machine: string,
  placeholder: string,
): Record<string, unknown> {
  const found = functionBehind(resources, substitutionsOf(resources, machine)[placeholder]);
  if (found === undefined) throw new Error(`"${placeholder}" of ${machine} is no published version`);
  return found;
}

export function environmentOf(properties: Record<string, unknown>): Record<string, unknown> {
  return (properties['Environment'] as { Variables: Record<string, unknown> }).Variables;
}

/** Our functions by the names of their handlers, without those of the CDK. */
export function ourFunctions(template: Template): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    Object.values(resourcesOf(template, 'AWS::Lambda::Function'))
      .filter(({ Properties }) => Properties['FunctionName'] !== undefined)
      .map(({ Properties }) => [
        String(Properties['FunctionName']).replace(/^outbox-/, ''),
        { ...Properties },
      ]),
  );
}
