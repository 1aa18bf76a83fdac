import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { App, Validations } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Config } from '../../infra/config.ts';
import { OutboxProcessorStack } from '../../infra/outbox-processor-stack.ts';
import { shared } from '../support/shared.ts';
import { givenBus, givenCluster } from './given.ts';

interface Violation {
  readonly ruleName: string;
  readonly reason?: string;
  readonly acknowledgedId?: string;
  readonly violatingConstructs: readonly { readonly constructPath: string }[];
}

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly conclusion: string;
    readonly violations: readonly Violation[];
    readonly suppressedViolations: readonly Violation[];
  }[];
}

/** The findings of an app, and how the synthesis ends. */
interface Checked {
  readonly failure: string | undefined;
  readonly violations: readonly Violation[];
  readonly acknowledged: readonly Violation[];
  /** `construct: rule` of all acknowledgements, whether they are needed or not. */
  readonly acknowledgements: readonly string[];
  readonly reasons: readonly string[];
}

function check(config: Config, spoil: (stack: OutboxProcessorStack) => void = () => {}): Checked {
  const app = new App();
  const stack = new OutboxProcessorStack(app, 'outbox', { config });
  spoil(stack);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const failure = failureOf(() => app.synth());
  const reports = (
    JSON.parse(readFileSync(join(app.outdir, 'validation-report.json'), 'utf8')) as Report
  ).pluginReports.filter(({ pluginName }) => pluginName === 'AwsSolutions');
  const said = stack.node.findAll().flatMap(({ node }) =>
    node.metadata
      .filter(({ type }) => type === 'aws:cdk:acknowledged-rules')
      .flatMap(({ data }) => Object.entries(data as Record<string, string>))
      .filter(([rule]) => rule.startsWith('AwsSolutions::'))
      .map(([rule, reason]) => ({ acknowledgement: `${node.path}: ${rule}`, reason })),
  );
  return {
    failure,
    violations: reports.flatMap((report) => report.violations),
    acknowledged: reports.flatMap((report) => report.suppressedViolations),
    acknowledgements: said.map(({ acknowledgement }) => acknowledgement),
    reasons: said.map(({ reason }) => reason),
  };
}

function failureOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as Error).name;
  }
}

beforeAll(async () => {
  await shared('bundles');
}, 120_000);

afterEach(() => {
  jest.restoreAllMocks();
});

describe.each<[string, Config]>([
  ['with a database of its own', {}],
  ['on a given cluster and bus', { ...givenCluster, ...givenBus }],
])('the stack %s', (_, config) => {
  let checked: Checked;

  beforeAll(() => {
    checked = check(config);
  }, 120_000);

  test('the stack has no unacknowledged cdk-nag findings', () => {
    expect(checked.violations).toEqual([]);
    expect(checked.failure).toBeUndefined();
  });

  test('every acknowledgement has a whole sentence as its reason', () => {
    expect(checked.reasons.length).toBeGreaterThan(0);
    for (const reason of checked.reasons) expect(reason).toMatch(/^[A-Z].{20,}\.$/);
  });

  test('every acknowledgement is for one finding, never for a rule that reports several', () => {
    expect(checked.acknowledgements.filter((said) => /IAM[45]$/.test(said))).toEqual([]);
  });

  test('every acknowledgement is needed', () => {
    const needed = checked.acknowledged.flatMap(({ acknowledgedId, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => ({ rule: acknowledgedId ?? '', constructPath })),
    );
    const idle = checked.acknowledgements.filter((said) => {
      const [path = '', rule = ''] = said.split(/: (.*)/s);
      return !needed.some((found) => found.rule === rule && found.constructPath.startsWith(`${path}/`));
    });

    expect(idle).toEqual([]);
  });
});

test('an additional bucket fails the check', () => {
  // The report is also written to the console.
  jest.spyOn(console, 'error').mockImplementation(() => {});
  jest.spyOn(process.stderr, 'write').mockImplementation(() => true);

  const { failure, violations } = check(givenCluster, (stack) => {
    new s3.Bucket(stack, 'Careless');
  });

  expect(failure).toBe('ValidationFailed');
  expect(violations.map(({ ruleName }) => ruleName)).toEqual(['AwsSolutions-S1', 'AwsSolutions-S10']);
}, 120_000);
