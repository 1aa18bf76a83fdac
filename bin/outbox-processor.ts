import { App } from 'aws-cdk-lib';
import { readConfig } from '../infra/config.ts';
import { OutboxProcessorStack } from '../infra/outbox-processor-stack.ts';

const app = new App({ autoSynth: false });
try {
  const config = readConfig(app.node.getAllContext());
  new OutboxProcessorStack(app, config.name ?? 'outbox', {
    config,
    description: 'Transactional outbox: publishes rows of Aurora PostgreSQL to EventBridge',
  });
  app.synth();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
