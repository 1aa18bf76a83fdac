import { type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { createNudge, type Nudge } from 'outbox-processor/nudge';

/** One for the whole process: calls within 100 milliseconds share a run. */
export function processorNudge(client: SFNClient, stateMachineArn: string): Nudge {
  // One batch: a backlog is the ticks' to drain.
  const start = () =>
    client.send(new StartExecutionCommand({ stateMachineArn, input: '{"loopSeconds": 0}' }));
  return createNudge(start, { onError: (error) => console.warn('the next tick will publish', error) });
}
