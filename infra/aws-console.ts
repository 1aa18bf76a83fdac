import { Aws, CfnCondition, Fn, type Stack, Token } from 'aws-cdk-lib';
import { RegionInfo } from 'aws-cdk-lib/region-info';

const domains: Readonly<Record<string, string>> = {
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};
const DOMAIN = 'console.aws.amazon.com';

/** The URL of the AWS console for a stack, e.g. `https://eu-west-1.console.aws.amazon.com`. */
export function consoleOf(stack: Stack): string {
  const { region } = stack;
  if (!Token.isUnresolved(region)) {
    return `https://${region}.${domains[RegionInfo.get(region).partition ?? ''] ?? DOMAIN}`;
  }
  const domain = Object.entries(domains).reduce((otherwise, [name, found]) => {
    const condition = new CfnCondition(stack, `Partition-${name}`, {
      expression: Fn.conditionEquals(Aws.PARTITION, name),
    });
    return Fn.conditionIf(condition.logicalId, found, otherwise).toString();
  }, DOMAIN);
  return `https://${region}.${domain}`;
}
