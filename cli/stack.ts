import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { type OutputKey, type OutputName, outputs } from '../infra/outputs.ts';
import { Unreachable } from './exit-codes.ts';

/** The names in the outputs of a deployed stack. */
export async function readStack(StackName: string): Promise<Partial<Record<OutputName, string>>> {
  const found = Object.entries(await readOutputs(StackName)).flatMap(([key, value]) =>
    key in outputs ? [[outputs[key as OutputKey].name, value]] : [],
  );
  return Object.fromEntries(found);
}

/** @throws Unreachable when there is no such stack */
export async function readOutputs(StackName: string): Promise<Readonly<Record<string, string>>> {
  const cloudFormation = new CloudFormationClient();
  try {
    const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
    return Object.fromEntries(
      (Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
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
