import { account, region } from '../twin/arn.ts';
import type { CloudAssembly } from '../twin/template/cloud-assembly.ts';

/** The names that `/_local/health` answers with. */
export function describeHealth(
  { clusterArn, secrets, ...assembly }: CloudAssembly,
  postgresUrl: string,
): object {
  const [eventBusName] = assembly.eventBuses.keys();
  return {
    region,
    account,
    clusterArn,
    secretArn: secrets.find(({ master }) => master)?.arn,
    processorSecretArn: secrets.find(({ username }) => username.endsWith('_processor'))?.arn,
    producerSecretArn: secrets.find(({ username }) => username.endsWith('_producer'))?.arn,
    operatorSecretArn: secrets.find(({ username }) => username.endsWith('_operator'))?.arn,
    database: assembly.database,
    eventBusName,
    postgresUrl,
    stateMachines: Object.fromEntries(assembly.stateMachines.map(({ name, arn }) => [name, arn])),
    functions: Object.fromEntries(assembly.functions.map(({ key, arn }) => [key, arn])),
  };
}
