/** What the package offers to other CDK apps. */
export type { NewClusterProps } from './database.ts';
export type { ExecutionHistory } from './execution-history.ts';
export type { OutboxMetric } from './metrics.ts';
export type { Finding } from './nag-findings.ts';
export { OutboxConsumer, type OutboxConsumerProps } from './outbox-consumer.ts';
export { OutboxProcessor } from './outbox-processor.ts';
export type { OrderingOnFailure, OutboxProcessorProps } from './outbox-processor-props.ts';
export type { ProcessorSettings } from './processor-settings.ts';
