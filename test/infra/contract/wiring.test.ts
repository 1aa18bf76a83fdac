import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { synthesized } from '../synthesized.ts';
import { machines, readDefinition, readText, stepsOf } from './definition.ts';
import {
  functionBehind,
  functionIdBehind,
  machineProperties,
  plainResources,
  type Resources,
  substitutionsOf,
} from './wiring.ts';

let template: Template;

beforeAll(async () => {
  template = await synthesized();
}, 60_000);

/** Placeholders without a value, and values without a placeholder. */
function substitutionViolations(text: string, names: readonly string[]): string[] {
  const placeholders = new Set([...text.matchAll(/\$\{([^}]*)\}/g)].map(([, name = '']) => name));
  return [
    ...[...placeholders].filter((name) => !names.includes(name)).map((name) => `${name} has no substitution`),
    ...names.filter((name) => !placeholders.has(name)).map((name) => `${name} is not used`),
  ];
}

interface Statement {
  readonly Action: string | string[];
  readonly Effect: string;
  readonly Resource: unknown;
}

/** What the role of a state machine may invoke, as JSON texts. */
function invocable(resources: Resources, machine: string): string[] {
  const role = JSON.stringify({ Ref: roleOf(resources, machine) });
  return Object.values(resources)
    .filter(
      ({ Type, Properties }) =>
        Type === 'AWS::IAM::Policy' && JSON.stringify(Properties['Roles']).includes(role),
    )
    .flatMap(({ Properties }) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement)
    .filter(({ Action }) => [Action].flat().some((action) => /^(lambda:Invoke|lambda:\*|\*)/.test(action)))
    .flatMap(({ Resource }) => [Resource].flat())
    .map((resource) => JSON.stringify(resource))
    .sort();
}

function roleOf(resources: Resources, machine: string): string {
  const { 'Fn::GetAtt': [role = ''] = [] } = machineProperties(resources, machine)['RoleArn'] as {
    'Fn::GetAtt'?: string[];
  };
  return role;
}

function invocationViolations(resources: Resources, machine: string): string[] {
  const steps = stepsOf(readDefinition(machine));
  const substitutions = substitutionsOf(resources, machine);
  const misplaced = steps.flatMap(([state, { Arguments }]) => {
    // "Fetch batch" invokes ${FetchBatchFunctionArn}, a version of outbox-fetch-batch.
    const words = state.split(' ');
    const placeholder = `${words.map((word) => word.replace(/^./, (first) => first.toUpperCase())).join('')}FunctionArn`;
    const invoked = functionBehind(resources, substitutions[placeholder])?.['FunctionName'];
    return [
      ...(Arguments?.FunctionName === `\${${placeholder}}`
        ? []
        : [`"${state}" does not invoke ${placeholder}`]),
      ...(invoked === `outbox-${words.join('-').toLowerCase()}`
        ? []
        : [`"${state}" invokes no published version of its function`]),
    ];
  });
  const needed = Object.keys(substitutions).filter((name) => name.endsWith('FunctionArn'));
  // Any version of these functions: a run that began before a deployment still calls the previous version.
  const expected = needed
    .map((name) => functionIdBehind(resources, substitutions[name]))
    .map((id) => JSON.stringify({ 'Fn::Join': ['', [{ 'Fn::GetAtt': [id, 'Arn'] }, ':*']] }))
    .sort();
  const permitted = invocable(resources, machine);
  return [
    ...misplaced,
    ...permitted.filter((arn) => !expected.includes(arn)).map((arn) => `the role may also invoke ${arn}`),
    ...expected.filter((arn) => !permitted.includes(arn)).map((arn) => `the role may not invoke ${arn}`),
  ];
}

describe.each(machines)('the wiring of %s', (machine) => {
  test('every placeholder has a value, and every value has a placeholder', () => {
    const names = Object.keys(substitutionsOf(plainResources(template), machine));

    expect(substitutionViolations(readText(machine), names)).toEqual([]);
  });

  test('the state machine is deployed with the definition in its file', () => {
    const deployed = String(machineProperties(plainResources(template), machine)['DefinitionString']);

    expect(JSON.parse(deployed)).toEqual(readDefinition(machine));
  });

  test('the state machine invokes published versions and may invoke no other functions', () => {
    expect(invocationViolations(plainResources(template), machine)).toEqual([]);
  });
});

describe('broken wiring', () => {
  const machine = 'outbox-processor';

  test('a placeholder without a value, or a value without a placeholder, is detected', () => {
    const names = Object.keys(substitutionsOf(plainResources(template), machine));
    const renamed = readText(machine).replaceAll('FetchBatchFunctionArn', 'FetchBatchArn');

    expect(substitutionViolations(renamed, names)).toEqual([
      'FetchBatchArn has no substitution',
      'FetchBatchFunctionArn is not used',
    ]);
  });

  test('an invocation of $LATEST instead of a version is detected', () => {
    const resources = plainResources(template);
    const [latest] = Object.entries(resources).filter(
      ([, { Properties }]) => Properties?.['FunctionName'] === 'outbox-fetch-batch',
    );

    substitutionsOf(resources, machine)['FetchBatchFunctionArn'] = { Ref: latest?.[0] ?? '' };

    expect(invocationViolations(resources, machine)).toContain(
      '"Fetch batch" invokes no published version of its function',
    );
  });

  test('two exchanged functions are detected', () => {
    const resources = plainResources(template);
    const substitutions = substitutionsOf(resources, machine);
    const { MarkFailedFunctionArn = '', MarkProcessedFunctionArn = '' } = substitutions;

    Object.assign(substitutions, {
      MarkFailedFunctionArn: MarkProcessedFunctionArn,
      MarkProcessedFunctionArn: MarkFailedFunctionArn,
    });

    expect(invocationViolations(resources, machine)).toHaveLength(2);
  });

  test('a role that may invoke one function less, or everything, is detected', () => {
    const resources = plainResources(template);
    const role = roleOf(resources, machine);
    const [statements = []] = Object.values(resources)
      .filter(
        ({ Type, Properties }) =>
          Type === 'AWS::IAM::Policy' && JSON.stringify(Properties['Roles']).includes(role),
      )
      .map(({ Properties }) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement);

    statements.splice(-1, 1, { Action: 'lambda:*', Effect: 'Allow', Resource: '*' });

    expect(invocationViolations(resources, machine)).toEqual([
      'the role may also invoke "*"',
      expect.stringMatching(/^the role may not invoke .*releasebatch/),
    ]);
  });
});
