import { type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { createNudge, type Nudge } from 'outbox-processor/nudge';

/** One for the whole process: calls within 100 milliseconds share a run. */
export function processorNudge(client: SFNClient, stateMachineArn: string): Nudge {
  // Without pollSeconds 0, a processor that lingers would keep every one of these runs for a minute.
  const start = () =>
    client.send(new StartExecutionCommand({ stateMachineArn, input: '{"pollSeconds": 0}' }));
  return createNudge(start, { onError: (error) => console.warn('the next tick will publish', error) });
}
