import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { Run } from '../../api.ts';
import { plural } from '../shell/format.ts';
import { read } from '../shell/server.ts';
import { outcome } from '../shell/statuses.ts';
import { usePolled } from '../shell/use-polled.ts';

interface Props {
  readonly arn: string;
  readonly matching: number;
}

/** Follows the run of a redrive to its end. */
export function RedriveProgress({ arn, matching }: Props) {
  const { data: run } = usePolled(
    arn,
    (signal) => read<Run>(`runs/${encodeURIComponent(arn)}?after=1000000`, signal),
    ({ status }) => (status === 'RUNNING' ? 1_000 : undefined),
  );
  if (run === undefined || run.status === 'RUNNING')
    return <StatusIndicator type="in-progress">Redriving {plural(matching, 'event')}</StatusIndicator>;
  if (run.status === 'SUCCEEDED') return <StatusIndicator>{done(run)}</StatusIndicator>;
  return <StatusIndicator type="error">Not all were processed. {outcome(run)}</StatusIndicator>;
}

function done({ output }: Run): string {
  const { processed, paused, unfinished } = (output ?? {}) as Readonly<Record<string, unknown>>;
  if (paused === true) return `Requeued. The outbox is paused: ${plural(Number(unfinished), 'event')} wait.`;
  return typeof processed === 'number' ? `Done: ${plural(processed, 'event')} processed.` : 'Done.';
}
