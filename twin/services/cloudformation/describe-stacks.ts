import { account, region } from '../../arn.ts';
import { AwsError } from '../../http/aws-error.ts';
import type { Operations } from '../../http/aws-protocols.ts';
import type { StackResource } from '../../template/stack.ts';

/** CloudFormation: DescribeStacks, of the one stack that is deployed. */
export function createCloudFormation({ name, outputs }: StackResource): Operations {
  const id = `arn:aws:cloudformation:${region}:${account}:stack/${name}/twin`;
  return {
    async DescribeStacks(request) {
      const wanted = request.optionalText('StackName') ?? name;
      if (![name, id].includes(wanted))
        throw new AwsError('ValidationError', `Stack with id ${wanted} does not exist`);
      const Outputs = Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
      return {
        Stacks: [
          {
            StackId: id,
            StackName: name,
            StackStatus: 'CREATE_COMPLETE',
            CreationTime: new Date().toISOString(),
            Outputs,
          },
        ],
      };
    },
  };
}
