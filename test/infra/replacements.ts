import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Template } from 'aws-cdk-lib/assertions';
import type { Resource } from './synthesized.ts';

type Resources = Readonly<Record<string, Resource>>;

interface ResourceType {
  readonly cloudFormationType: string;
  readonly primaryIdentifier?: readonly string[];
  readonly properties: Readonly<Record<string, { readonly causesReplacement?: 'yes' | 'no' | 'maybe' }>>;
}

/** The description of resource types by AWS, from which `cdk diff` derives what an update replaces. */
function readResourceTypes(): ReadonlyMap<string, ResourceType> {
  const cli = dirname(createRequire(import.meta.url).resolve('aws-cdk/package.json'));
  const { schema } = JSON.parse(gunzipSync(readFileSync(join(cli, 'db.json.gz'))).toString('utf8')) as {
    readonly schema: { readonly resource: { readonly entities: Readonly<Record<string, ResourceType>> } };
  };
  return new Map(Object.values(schema.resource.entities).map((type) => [type.cloudFormationType, type]));
}

const types = readResourceTypes();

// Each change of a function publishes a version, and older versions are retained.
const PUBLISHED = 'AWS::Lambda::Version';
// AWS does not describe custom resources, because CloudFormation does not know what they do. They contain no data.
const custom = /^(Custom::|AWS::CloudFormation::CustomResource$)/;

/**
 * Everything that an update from one template to the other replaces, removes, or refuses to replace because it has a
 * name of its own, by logical id without its hash.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
 */
export function replacements(before: Template, after: Template): string[] {
  const [older, newer] = [resourcesOf(before), resourcesOf(after)];
  const replaced = new Set<string>();
  const refused = new Set<string>();
  // A resource that refers to a replaced one in a property that cannot be updated is replaced as well.
  for (let known = -1; known < replaced.size; ) {
    known = replaced.size;
    for (const [id, resource] of Object.entries(older)) {
      const update = newer[id];
      if (update === undefined || !isReplaced(resource, update, replaced)) continue;
      (keepsItsName(resource, update) ? refused : replaced).add(id);
    }
  }
  const removed = Object.keys(older).filter((id) => newer[id] === undefined);
  return [
    ...[...refused].map((id) => `is refused: ${readable(id)}`),
    ...[...replaced].map((id) => `replaces ${readable(id)}`),
    ...removed.map((id) => `removes ${readable(id)}`),
  ].sort();
}

/** The resources that a teardown retains under a name that the next deployment would use again. */
export function retainedNames(template: Template): string[] {
  return Object.entries(resourcesOf(template))
    .filter(([, { DeletionPolicy }]) => DeletionPolicy?.startsWith('Retain'))
    .filter(([, resource]) => nameOf(resource) !== undefined)
    .map(([id]) => readable(id))
    .sort();
}

function resourcesOf(template: Template): Resources {
  const { Resources: all } = template.toJSON() as { readonly Resources: Resources };
  return Object.fromEntries(Object.entries(all).filter(([, { Type }]) => Type !== PUBLISHED));
}

function isReplaced(before: Resource, after: Resource, replaced: ReadonlySet<string>): boolean {
  if (before.Type !== after.Type) return true;
  if (custom.test(before.Type)) return false;
  return Object.entries(typeOf(before).properties).some(([name, { causesReplacement = 'no' }]) => {
    if (causesReplacement === 'no') return false;
    const [older, newer] = [before, after].map((resource) => JSON.stringify(resource.Properties?.[name]));
    return older !== newer || [...replaced].some((id) => newer?.includes(`"${id}"`));
  });
}

function keepsItsName(before: Resource, after: Resource): boolean {
  const name = nameOf(before);
  return before.Type === after.Type && name !== undefined && name === nameOf(after);
}

/** Undefined when CloudFormation generates the name. */
function nameOf(resource: Resource): string | undefined {
  const [property = ''] = typeOf(resource).primaryIdentifier ?? [];
  const name = resource.Properties?.[property];
  return typeof name === 'string' ? name : undefined;
}

function typeOf({ Type }: Resource): ResourceType {
  const type = types.get(Type);
  if (type === undefined) throw new Error(`${Type} is not described by this release of aws-cdk: update it`);
  return type;
}

function readable(logicalId: string): string {
  // A generated secret of RDS also has a hash of the rules for its password.
  return logicalId.replace(/[0-9A-F]{8}([0-9a-f]{32})?$/, '');
}
