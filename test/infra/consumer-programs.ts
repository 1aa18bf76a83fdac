import { fencedBlock } from '../support/fenced-block.ts';

const app = `
const stack = new Stack(new App(), 'app');
const cluster = new rds.DatabaseCluster(stack, 'Cluster', {
  engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_16_4 }),
  writer: rds.ClusterInstance.serverlessV2('writer'),
  vpc: new ec2.Vpc(stack, 'Vpc'),
  enableDataApi: true,
});
const eventBus = new events.EventBus(stack, 'Bus');
const outbox = new OutboxProcessor(stack, 'Outbox', { cluster, clusterSecret: cluster.secret, databaseName: 'app', eventBus });
outbox.metricFailedEvents().createAlarm(stack, 'Failed', { threshold: 1, evaluationPeriods: 1 });
createInbox({ query: async () => [] });
createNudge(async () => stack, { onError: (error) => { throw error; } })();
stack.node.root.synth();
`;
const imports = {
  '{ App, Stack }': 'aws-cdk-lib',
  ec2: 'aws-cdk-lib/aws-ec2',
  events: 'aws-cdk-lib/aws-events',
  rds: 'aws-cdk-lib/aws-rds',
  '{ OutboxProcessor }': 'outbox-processor',
  '{ createInbox }': 'outbox-processor/inbox',
  '{ createNudge }': 'outbox-processor/nudge',
};
/** An app that uses everything in the package, as an ES module and as CommonJS. */
export const programs = {
  module: Object.entries(imports)
    .map(([what, from]) => `import ${what.startsWith('{') ? what : `* as ${what}`} from '${from}';`)
    .join('\n')
    .concat(app),
  commonjs: Object.entries(imports)
    .map(([what, from]) => `const ${what} = require('${from}');`)
    .join('\n')
    .concat(app),
};
/** What the types of the package allow and refuse. */
export const typed = `
import { App, Duration, Stack } from 'aws-cdk-lib';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { OutboxProcessor, type OutboxProcessorProps } from 'outbox-processor';
import { fromPg, type PgClient, processOnce, type Processed } from 'outbox-processor/inbox';
import { createNudge } from 'outbox-processor/nudge';

declare const client: PgClient;
export const nudged: Promise<void> = createNudge(async () => 'started', { onError: () => {} })();
// @ts-expect-error
export const silent = createNudge(async () => 'started', {});
const received: Promise<Processed<number>> = processOnce(fromPg(client), {}, async ({ eventId }) => eventId.length);
// @ts-expect-error
export const wrongResult: Promise<Processed<string>> = received;
// @ts-expect-error
export const wrongClient = fromPg({ query: 'none' });
const props: OutboxProcessorProps = { executionHistory: 'errors', lease: Duration.minutes(6), batchSize: 50 };
const outbox = new OutboxProcessor(new Stack(new App(), 'app'), 'Outbox', props);
export const metric: Metric = outbox.metric('FailedEvents');
export const arn: string = outbox.processor.stateMachine.stateMachineArn;
// Were anything of it any, nothing of this would be wrong.
// @ts-expect-error
export const wrongMetric = outbox.metric('Failed');
// @ts-expect-error
export const wrongProps: OutboxProcessorProps = { executionHistory: 'some' };
// @ts-expect-error
export const wrongArn: number = outbox.processor.stateMachine.stateMachineArn;
// @ts-expect-error
export const wrongAlarms: string = outbox.alarms;
`;

const stacks = `
const app = new App({ autoSynth: false });
const accepted = new Stack(app, 'app');
const outbox = new OutboxProcessor(accepted, 'Outbox', {
  encryptionKey: new kms.Key(accepted, 'Key', { enableKeyRotation: true }),
  archiveRetention: Duration.days(7),
});
outbox.grantEnqueue(new iam.Role(accepted, 'Producer', { assumedBy: new iam.AccountRootPrincipal() }));
new OutboxProcessor(new Stack(app, 'raw'), 'Outbox', { name: 'other' });
`;
const nagImports = `
import { readFileSync } from 'node:fs';
import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { AwsSolutionsChecks } from 'cdk-nag';
import { OutboxProcessor } from 'outbox-processor';
`;

/**
 * An app with cdk-nag that acknowledges the findings of one outbox as documented and those of another not at all.
 * It prints the remaining findings, one per line: `<stack>/... <rule>`.
 */
export const underNag = {
  newest: `${nagImports}
import { App, Stack, Validations } from 'aws-cdk-lib';
${stacks}
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
${fencedBlock('docs/deploy.md', 'cdk-nag-3')}
try {
  app.synth();
} catch (error) {
  if (error.name !== 'ValidationFailed') throw error;
}
const { pluginReports } = JSON.parse(readFileSync(app.outdir + '/validation-report.json', 'utf8'));
for (const { ruleName, violatingConstructs } of pluginReports.flatMap((report) => report.violations))
  for (const { constructPath } of violatingConstructs) console.log(constructPath, ruleName);
`,
  oldest: `${nagImports}
import { App, Aspects, Stack } from 'aws-cdk-lib';
import { NagSuppressions } from 'cdk-nag';
${stacks}
Aspects.of(app).add(new AwsSolutionsChecks());
${fencedBlock('docs/deploy.md', 'cdk-nag-2')}
for (const { messages } of app.synth().stacks)
  for (const { id, entry } of messages) console.log(id.slice(1), entry.data);
`,
};
