import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { OutboxProcessorStack } from '../../infra/outbox-processor-stack.ts';
import { shared } from '../support/shared.ts';
import { machines, readText } from './contract/definition.ts';
import { plainResources, substitutionsOf } from './contract/wiring.ts';

beforeAll(async () => {
  process.env['CDK_VALIDATION'] = 'false';
  await shared('bundles');
}, 60_000);

const templateIn = (region?: string) =>
  Template.fromStack(
    new OutboxProcessorStack(new App(), 'outbox', {
      config: {},
      ...(region !== undefined && { env: { account: '123456789012', region } }),
    }),
  );

describe('the partition', () => {
  test('a template never contains the name of a partition', () => {
    expect(JSON.stringify(templateIn().toJSON())).not.toContain('arn:aws');
  });

  test.each(machines)('the integrations of %s use the partition of the deployment', (machine) => {
    expect(readText(machine)).not.toContain('arn:aws');
    expect(substitutionsOf(plainResources(templateIn()), machine)['Partition']).toEqual({
      Ref: 'AWS::Partition',
    });
  });
});

describe('the links to the console', () => {
  test.each([
    ['eu-west-1', 'https://eu-west-1.console.aws.amazon.com/states/'],
    ['us-gov-west-1', 'https://us-gov-west-1.console.amazonaws-us-gov.com/states/'],
    ['cn-north-1', 'https://cn-north-1.console.amazonaws.cn/states/'],
  ])('the console links of %s lead to the console of its partition', (region, link) => {
    expect(JSON.stringify(templateIn(region).findOutputs('ProcessorConsole'))).toContain(link);
  });

  test('without a region in the stack, the console links use the partition of the deployment', () => {
    const template = templateIn();

    expect(Object.keys(template.findConditions('*'))).toHaveLength(2);
    expect(JSON.stringify(template.findOutputs('ProcessorConsole'))).toContain('Fn::If');
  });
});
