import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { alarmNames } from '../../infra/alarm-names.ts';
import { environmentOf, ourFunctions } from './contract/wiring.ts';
import { givenCluster } from './given.ts';
import { resourcesOf, synthesized, theResource } from './synthesized.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');

let template: Template;

beforeAll(async () => {
  template = await synthesized();
}, 60_000);

/** The properties of the alarms by their names without the prefix. */
function alarms(from: Template = template): Record<string, Readonly<Record<string, unknown>>> {
  return Object.fromEntries(
    Object.values(resourcesOf(from, 'AWS::CloudWatch::Alarm')).map(({ Properties }) => [
      String(Properties['AlarmName']).replace(/^outbox-/, ''),
      Properties,
    ]),
  );
}

/** The anchors of a page, in the format of GitHub. */
function anchorsOf(markdown: string): string[] {
  const headings = [...markdown.replace(/^```.*?^```/gms, '').matchAll(/^#{1,6} +(.+?) *#*$/gm)];
  const seen = new Map<string, number>();
  return headings.map(([, heading = '']) => {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

test('anchors have the format of GitHub', () => {
  const page = '# Runs & `ticks`, late?\n```sh\n# no heading\n```\n## Dead-letters\n## Dead-letters\n';

  expect(anchorsOf(page)).toEqual(['runs--ticks-late', 'dead-letters', 'dead-letters-1']);
});

describe('the alarms', () => {
  test('there are fifteen alarms: those of every outbox, and one for the capacity of a serverless cluster', () => {
    expect(Object.keys(alarms())).toHaveLength(15);
    expect(Object.keys(alarms()).sort()).toEqual([...alarmNames, 'database-capacity'].sort());
  });

  test('every alarm asks a question and names the section of the runbook that answers it', () => {
    const runbook = read('docs/operations.md');
    const sections = runbook.split(/^(?=## )/m);
    const described = /^([A-Z].+\?) Runbook: docs\/operations\.md of outbox-processor, section "(.+)"\.$/;

    for (const [name, { AlarmDescription }] of Object.entries(alarms())) {
      const [, question = '', heading = ''] = described.exec(String(AlarmDescription)) ?? [];
      expect({ name, question, heading }).toEqual({
        name,
        question: expect.stringMatching(/./),
        heading: expect.stringMatching(/./),
      });
      expect(sections.find((section) => section.startsWith(`## ${heading}\n`))).toContain(question);
    }
  });

  test('alarms link to the sections of a given runbook, and have no link without one', async () => {
    const linked = await synthesized({ runbookUrl: 'https://wiki.example/outbox' });
    const anchors = anchorsOf(read('docs/operations.md'));

    for (const { AlarmDescription } of Object.values(alarms(linked))) {
      const [, anchor] = / https:\/\/wiki\.example\/outbox#(\S+)$/.exec(String(AlarmDescription)) ?? [];
      expect(anchors).toContain(anchor);
    }
    for (const { AlarmDescription } of Object.values(alarms()))
      expect(AlarmDescription).not.toMatch(/#|https?:/);
  }, 30_000);

  test('alarms have no actions by default', () => {
    for (const properties of Object.values(alarms())) {
      expect(properties).not.toHaveProperty('AlarmActions');
      expect(properties).not.toHaveProperty('OKActions');
    }
  });

  test('alarms notify the given topic when they begin and end, and link to the given runbook', async () => {
    const topic = 'arn:aws:sns:eu-central-1:123456789012:on-call';
    const told = await synthesized({ alarmTopicArn: topic, runbookUrl: 'https://wiki.example/outbox' });

    expect(Object.keys(alarms(told))).toHaveLength(15);
    for (const properties of Object.values(alarms(told))) {
      expect(properties).toMatchObject({
        AlarmActions: [topic],
        OKActions: [topic],
        AlarmDescription: expect.stringContaining(' https://wiki.example/outbox#'),
      });
    }
  }, 30_000);

  test('only the alarm for successful runs treats missing data as breaching', () => {
    const onSilence = Object.entries(alarms())
      .filter(([, { TreatMissingData }]) => TreatMissingData === 'breaching')
      .map(([name]) => name);

    expect(onSilence.sort()).toEqual(['no-successful-run']);
    for (const name of onSilence)
      expect(alarms()[name]).toMatchObject({ ComparisonOperator: 'LessThanThreshold', Threshold: 1 });
  });

  test('alarms on gauges keep their state without data, because a stopped processor is no recovery', () => {
    const gauges = [...read('lambdas/fetch-batch.ts').matchAll(/addMetric\('(\w+)', .*, gauges\./g)]
      .map(([, name]) => name)
      .concat('PurgeOverdue');
    const onGauges = Object.entries(alarms()).filter(([, { MetricName }]) =>
      gauges.includes(String(MetricName)),
    );

    expect(onGauges.map(([name]) => name).sort()).toEqual([
      ...['cleanup-behind', 'events-failed', 'events-late', 'keys-blocked', 'old-snapshot'],
    ]);
    for (const [name, { TreatMissingData }] of onGauges)
      expect({ name, TreatMissingData }).toEqual({ name, TreatMissingData: 'ignore' });
    for (const name of [
      'runs-failed',
      'function-errors',
      'functions-throttled',
      'leases-lost',
      'dead-letters',
    ])
      expect(alarms()[name]).toMatchObject({ TreatMissingData: 'notBreaching' });
  });

  test('an alarm begins when the database has been near its capacity for a quarter of an hour', async () => {
    const given = await synthesized(givenCluster);

    expect(alarms()['database-capacity']).toMatchObject({
      Namespace: 'AWS/RDS',
      MetricName: 'ACUUtilization',
      Dimensions: [{ Name: 'DBClusterIdentifier', Value: { Ref: expect.stringMatching(/Cluster/) } }],
      Statistic: 'Maximum',
      Period: 60,
      EvaluationPeriods: 15,
      Threshold: 90,
      // A cluster that is not serverless does not have this metric.
      TreatMissingData: 'notBreaching',
    });
    expect(alarms(given)['database-capacity']).toMatchObject({
      Dimensions: [{ Name: 'DBClusterIdentifier', Value: 'bellyfed' }],
    });
  }, 30_000);

  test.each([
    [4, 4, false],
    [3.5, 4, true],
    [9, 10, false],
  ])(
    'a new cluster of %p to %p ACU has an alarm on its capacity: %p',
    async (minCapacity, maxCapacity, watched) => {
      const names = Object.keys(alarms(await synthesized({ minCapacity, maxCapacity })));

      expect(names.includes('database-capacity')).toBe(watched);
    },
    30_000,
  );

  test('an alarm begins after five intervals without a successful run', async () => {
    const slow = alarms(await synthesized({ intervalMinutes: 10 }));

    expect(alarms()['no-successful-run']).toMatchObject({ Period: 60, EvaluationPeriods: 5 });
    expect(slow['no-successful-run']).toMatchObject({ Period: 600, EvaluationPeriods: 5 });
    expect(alarms()['events-late']).toMatchObject({ Threshold: 300 });
    expect(slow['events-late']).toMatchObject({ Threshold: 3000 });
  }, 30_000);

  test('an alarm begins after three cleanup intervals without a cleanup, only while runs are started', async () => {
    const rare = alarms(await synthesized({ cleanupIntervalMinutes: 30, intervalMinutes: 40 }));

    for (const [alarm, seconds] of [
      [alarms()['cleanup-missing'], 3600],
      // Every period must contain a run; otherwise the alarm would never expect a cleanup.
      [rare['cleanup-missing'], 2400],
    ] as const) {
      expect(alarm).toMatchObject({
        EvaluationPeriods: 3,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        // A processor that starts no runs does not mean that a cleanup succeeded.
        TreatMissingData: 'ignore',
      });
      const metrics = alarm?.['Metrics'] as { Expression?: string; MetricStat?: { Period: number } }[];
      expect(metrics.map(({ Expression }) => Expression).filter(Boolean)).toEqual([
        'IF(runs > 0 AND FILL(cleanups, 0) < 1, 1, 0)',
      ]);
      expect(metrics.flatMap(({ MetricStat }) => MetricStat?.Period ?? [])).toEqual([seconds, seconds]);
    }
  }, 30_000);

  test('an alarm begins when the cleanup is two of its intervals behind, and keeps its state between cleanups', async () => {
    const rare = alarms(await synthesized({ cleanupIntervalMinutes: 30 }));

    expect(alarms()['cleanup-behind']).toMatchObject({
      MetricName: 'PurgeOverdue',
      Statistic: 'Minimum',
      Period: 3600,
      EvaluationPeriods: 1,
      Threshold: 7200,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'ignore',
    });
    expect(rare['cleanup-behind']).toMatchObject({ Period: 1800, Threshold: 3600 });
  }, 30_000);

  test('the alarm on errors counts all steps except those that throw by design', () => {
    expect(functionsOf(alarms()['function-errors'])).toEqual([
      'outbox-fetch-batch',
      'outbox-mark-failed',
      'outbox-mark-processed',
      'outbox-mark-replayed',
      'outbox-purge-events',
      'outbox-release-batch',
    ]);
  });

  test('the alarm on throttling counts all steps', () => {
    expect(functionsOf(alarms()['functions-throttled'])).toHaveLength(10);
  });
});

/** The names of the functions whose metrics an alarm adds up. */
function functionsOf(alarm: Readonly<Record<string, unknown>> | undefined): unknown[] {
  const functions = resourcesOf(template, 'AWS::Lambda::Function');
  const ids = JSON.stringify(alarm?.['Metrics']).matchAll(/"FunctionName","Value":\{"Ref":"(\w+)"/g);
  return [...ids].map(([, id = '']) => functions[id]?.Properties['FunctionName']).sort();
}

describe('the log groups', () => {
  test('all log groups are outputs, so that the runbook can name them', () => {
    const outputs = Object.entries(template.findOutputs('*')).filter(([name]) => name.endsWith('LogGroup'));

    expect(outputs.map(([name]) => name).sort()).toEqual([
      'CleanupLogGroup',
      'FetchBatchLogGroup',
      'MarkFailedLogGroup',
      'MarkProcessedLogGroup',
      'MarkReplayedLogGroup',
      'MigrateLogGroup',
      'ProcessorLogGroup',
      'PublishEventLogGroup',
      'PurgeEventsLogGroup',
      'RedriveLogGroup',
      'ReleaseBatchLogGroup',
      'ReplayEventsLogGroup',
      'ReplayLogGroup',
      'RequeueEventsLogGroup',
      'VerifyRedriveLogGroup',
    ]);
    const groups = outputs.map(([, { Value }]) => (Value as { readonly Ref: string }).Ref);
    expect(groups.toSorted()).toEqual(Object.keys(resourcesOf(template, 'AWS::Logs::LogGroup')).toSorted());
  });

  test('the log groups in the runbook are outputs', () => {
    const named = [...read('docs/operations.md').matchAll(/\$\(out (\w+LogGroup)\)/g)].map(
      ([, name]) => name,
    );

    expect(named.length).toBeGreaterThan(0);
    for (const name of named) expect(template.findOutputs(name ?? '')).toHaveProperty([name ?? '']);
  });
});

describe('the dashboard', () => {
  test('the dashboard answers four questions in order', () => {
    const { Properties } = theResource(template, 'AWS::CloudWatch::Dashboard');
    const questions = JSON.stringify(Properties['DashboardBody']).matchAll(/## ([^\\]+\?)/g);

    expect([...questions].map(([, question]) => question)).toEqual([
      'Is it flowing?',
      'How late is it?',
      'What failed?',
      'What does it cost?',
    ]);
  });

  test('the dashboard shows every alarm', () => {
    const body = JSON.stringify(theResource(template, 'AWS::CloudWatch::Dashboard').Properties);

    for (const id of Object.keys(resourcesOf(template, 'AWS::CloudWatch::Alarm')))
      expect(body).toContain(`"Fn::GetAtt":["${id}","Arn"]`);
  });
});

describe('the metrics', () => {
  const handlers = readdirSync(new URL('lambdas/', root)).filter((file) => file.endsWith('.ts'));
  const sources = handlers.map((file) => read(`lambdas/${file}`)).join('\n');
  const emitted = [...sources.matchAll(/\.addMetric\('(\w+)'/g)].map(([, name]) => name);
  const known = [...read('infra/metrics.ts').matchAll(/^ {2}(\w+): '(?:Sum|Maximum|Minimum)',$/gm)].map(
    ([, name]) => name,
  );

  test('the metrics that handlers emit are those that infra defines', () => {
    expect(sources.match(/addMetric\(/g)).toHaveLength(emitted.length);
    expect([...new Set(emitted)].sort()).toEqual([...known].sort());
  });

  test('the metrics in alarms and on the dashboard are those that infra defines', () => {
    const resources = JSON.stringify(template.toJSON());
    const onDashboard = resources.matchAll(/\[\\+"Outbox\\+",\\+"(\w+)\\+"/g);
    const alarmed = Object.values(alarms())
      .filter(({ Namespace }) => Namespace === 'Outbox')
      .map(({ MetricName }) => MetricName);
    const used = [...[...onDashboard].map(([, name]) => name), ...alarmed];

    expect(used.length).toBeGreaterThan(10);
    for (const name of used) expect(known).toContain(name);
  });

  test.each([{}, { name: 'other' }])(
    'metrics are written to the namespace and service that alarms read, with %j',
    async (config) => {
      const from = await synthesized(config);

      for (const properties of Object.values(ourFunctions(from)))
        expect(environmentOf(properties)).toMatchObject({
          POWERTOOLS_METRICS_NAMESPACE: 'Outbox',
          POWERTOOLS_SERVICE_NAME: config.name ?? 'outbox',
        });
      for (const properties of Object.values(alarms(from)).filter(({ Namespace }) => Namespace === 'Outbox'))
        expect(properties['Dimensions']).toEqual([{ Name: 'service', Value: config.name ?? 'outbox' }]);
    },
    30_000,
  );
});
