import { DescribeEventBusCommand, type EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { BusMissing, describeError } from './errors.ts';

/** Whether a bus, by name or ARN, is in another account or region than `ourArn`. */
export function isElsewhere(busName: string, ourArn: string): boolean {
  return busName.startsWith('arn:') && placeOf(busName) !== placeOf(ourArn);
}

/** The region of a bus given by its ARN, to which requests must go; undefined for a name. */
export function regionOf(busName: string): string | undefined {
  return busName.startsWith('arn:') ? busName.split(':')[3] : undefined;
}

/**
 * Checks that the bus exists, because PutEvents returns 200 for a missing one and drops the event. Publishing must not
 * depend on other errors of this management call, so those are only reported. DescribeEventBus finds only buses of the
 * account and region of the caller, so other buses are not checked.
 * @param busName name or ARN of the bus
 * @param runId ARN of the execution, which contains the account and region
 * @returns why the check failed, if it did
 * @throws BusMissing
 */
export async function checkBus(
  client: EventBridgeClient,
  busName: string,
  runId: string,
): Promise<string | undefined> {
  if (isElsewhere(busName, runId)) return undefined;
  try {
    await client.send(new DescribeEventBusCommand({ Name: busName }));
    return undefined;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') {
      throw new BusMissing(
        `event bus ${busName} does not exist: create it again, until then nothing is claimed`,
        { cause: error },
      );
    }
    return describeError(error);
  }
}

/** Region and account of an ARN. */
function placeOf(arn: string): string {
  return arn.split(':').slice(3, 5).join(' ');
}
