import { App } from 'aws-cdk-lib';
import { OutboxProcessorStack } from '../infra/outbox-processor-stack.ts';

const app = new App();
new OutboxProcessorStack(app, 'outbox', {
  description: 'Transactional outbox: publishes rows of Aurora PostgreSQL to EventBridge',
});
app.synth();
