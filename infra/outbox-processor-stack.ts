import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { Database } from './database.ts';
import { OutboxProcessor } from './outbox-processor.ts';

export interface OutboxProcessorStackProps extends StackProps {
  /** Prefix of the physical names, one per account and region. @default outbox */
  readonly name?: string;
}

/** A whole of its own: database, bus and processor. */
export class OutboxProcessorStack extends Stack {
  constructor(scope: Construct, id: string, props: OutboxProcessorStackProps = {}) {
    super(scope, id, props);
    const databaseName = 'outbox';
    const { cluster } = new Database(this, 'Database', { databaseName });
    if (cluster.secret === undefined)
      throw new Error('the cluster has no secret: let CDK generate its credentials');
    const eventBus = new events.EventBus(this, 'EventBus', {
      eventBusName: 'bellyfed-events',
      description: 'Domain events of Bellyfed, published from the outbox',
    });
    const processor = new OutboxProcessor(this, 'Outbox', {
      name: props.name ?? 'outbox',
      cluster,
      secret: cluster.secret,
      databaseName,
      eventBus,
      eventSource: 'bellyfed.outbox',
    });
    new CfnOutput(this, 'ProcessorArn', { value: processor.processor.stateMachineArn });
    new CfnOutput(this, 'RedriveArn', { value: processor.redrive.stateMachineArn });
    new CfnOutput(this, 'CleanupArn', { value: processor.cleanup.stateMachineArn });
    new CfnOutput(this, 'EventBusName', { value: eventBus.eventBusName });
    new CfnOutput(this, 'ClusterArn', { value: cluster.clusterArn });
    new CfnOutput(this, 'SecretArn', { value: cluster.secret.secretArn });
    new CfnOutput(this, 'DatabaseName', { value: databaseName });
  }
}
