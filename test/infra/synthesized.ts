import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { Config } from '../../infra/config.ts';
import { OutboxProcessorStack } from '../../infra/outbox-processor-stack.ts';
import { shared } from '../support/shared.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** The template of the stack, with the bundles of the handlers. Only offline.test.ts validates it, because that takes seconds. */
export async function synthesized(config: Config = {}): Promise<Template> {
  process.env['CDK_VALIDATION'] = 'false';
  await shared('bundles');
  return Template.fromStack(new OutboxProcessorStack(new App(), 'outbox', { config }));
}

/** All resources of a type, by logical id. */
export function resourcesOf(template: Template, type: string): Readonly<Record<string, Resource>> {
  return template.findResources(type) as unknown as Record<string, Resource>;
}

/** The only resource of a type. */
export function theResource(template: Template, type: string): Resource & { readonly id: string } {
  const [only, ...others] = Object.entries(resourcesOf(template, type));
  if (only === undefined || others.length > 0)
    throw new Error(`expected one ${type}, got ${only ? others.length + 1 : 0}`);
  return { id: only[0], ...only[1] };
}
