import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { Unreachable } from './failure.ts';
import type { Name, Names } from './target.ts';

const outputs: Readonly<Record<string, Name>> = {
  ClusterArn: 'clusterArn',
  ProcessorSecretArn: 'secretArn',
  ProducerSecretArn: 'producerSecretArn',
  DatabaseName: 'database',
  EventBusName: 'eventBusName',
  ProcessorArn: 'processorArn',
  RedriveArn: 'redriveArn',
  CleanupArn: 'cleanupArn',
};

/** The names that a deployed stack gives in its outputs. */
export async function readStack(StackName: string): Promise<Names> {
  const cloudFormation = new CloudFormationClient();
  try {
    const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
    return Object.fromEntries(
      (Stacks[0]?.Outputs ?? []).flatMap(({ OutputKey = '', OutputValue }) => {
        const name = outputs[OutputKey];
        return name === undefined || OutputValue === undefined ? [] : [[name, OutputValue]];
      }),
    );
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError') {
      throw new Unreachable(
        `${error.message}: give the right --stack, look at AWS_PROFILE and AWS_REGION, or use --local`,
      );
    }
    throw error;
  } finally {
    cloudFormation.destroy();
  }
}
