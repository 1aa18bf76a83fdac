import { DescribeEventBusCommand, type EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { BusMissing, describeError } from './errors.ts';

/** Whether a bus, by name or ARN, is in another account or region than what `ourArn` names. */
export function isElsewhere(busName: string, ourArn: string): boolean {
  return busName.startsWith('arn:') && placeOf(busName) !== placeOf(ourArn);
}

/** The region of a bus that is named by its ARN, where its requests have to go; undefined for a bare name. */
export function regionOf(busName: string): string | undefined {
  return busName.startsWith('arn:') ? busName.split(':')[3] : undefined;
}

/**
 * Looks whether the bus exists, because PutEvents answers 200 for one that does not and drops the event. Publishing
 * must not depend on anything else that this management call may answer, so all else is only told. DescribeEventBus
 * knows the buses of the caller's account and region, so another one is not looked at.
 * @param busName name or ARN of the bus
 * @param runId ARN of the execution, which tells the account and region
 * @returns why the bus could not be looked at, if so
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
