import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { readConfig } from '../../infra/config.ts';
import { OutboxProcessor } from '../../infra/outbox-processor.ts';
import { shared } from '../support/shared.ts';
import { environmentOf, ourFunctions } from './contract/wiring.ts';
import { permissionsOf } from './permissions.ts';
import { synthesized } from './synthesized.ts';

const central = 'arn:aws:events:eu-west-1:999999999999:event-bus/central';

beforeAll(async () => {
  process.env['CDK_VALIDATION'] = 'false';
  await shared('bundles');
}, 60_000);

const busesOf = (template: Template) =>
  ['publish-event', 'fetch-batch'].map(
    (name) => environmentOf(ourFunctions(template)[name] ?? {})['EVENT_BUS_NAME'],
  );

describe('a new bus', () => {
  test('a new bus has the name of the outbox unless another name is given', async () => {
    (await synthesized()).hasResourceProperties('AWS::Events::EventBus', { Name: 'outbox-events' });
    (await synthesized({ eventBusName: 'dishes' })).hasResourceProperties('AWS::Events::EventBus', {
      Name: 'dishes',
    });
  });

  // Writing a default value into the configuration must not replace any resource.
  test('a new bus is the same whether a default is written or left out', async () => {
    const written = await synthesized({
      name: 'outbox',
      eventBusName: 'outbox-events',
      eventSource: 'outbox',
    });

    expect(written.toJSON()).toEqual((await synthesized()).toJSON());
  });

  test('with cdk.json, the new bus is named bellyfed-events, and its events have the source bellyfed.outbox', async () => {
    const { context } = JSON.parse(await readFile(new URL('../../cdk.json', import.meta.url), 'utf8')) as {
      readonly context: Readonly<Record<string, unknown>>;
    };

    const template = await synthesized(readConfig(context));

    template.hasResourceProperties('AWS::Events::EventBus', { Name: 'bellyfed-events' });
    expect(environmentOf(ourFunctions(template)['publish-event'] ?? {})['EVENT_SOURCE']).toBe(
      'bellyfed.outbox',
    );
  });
});

describe('a bus of another account and region', () => {
  test('a bus of another account is used and granted by its ARN, even when cdk.json names a new bus', async () => {
    const template = await synthesized({ eventBusArn: central, eventBusName: 'bellyfed-events' });

    expect(busesOf(template)).toEqual([central, central]);
    expect(Object.values(permissionsOf(template)).flat()).toContain(`events:PutEvents on ${central}`);
    template.resourceCountIs('AWS::Events::EventBus', 0);
    template.hasOutput('EventBusName', { Value: central });
  });

  test('a bus that a construct imports is used by its ARN', () => {
    const stack = new Stack(new App(), 'app');
    new OutboxProcessor(stack, 'Outbox', { eventBus: EventBus.fromEventBusArn(stack, 'Central', central) });

    expect(busesOf(Template.fromStack(stack))).toEqual([central, central]);
  });
});
