import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { Run } from '../../api.ts';
import { read } from '../shell/server.ts';
import { outcome } from '../shell/statuses.ts';
import { usePolled } from '../shell/use-polled.ts';

interface Props {
  readonly arn: string;
  /** `Redriving 2 events` */
  readonly doing: string;
  /** What a successful run came to, from its output. */
  readonly done: (output: Readonly<Record<string, unknown>>) => string;
  /** `Not all were processed.` */
  readonly failed: string;
}

/** Follows the run of a redrive or a replay to its end. */
export function ChangeProgress({ arn, doing, done, failed }: Props) {
  const { data: run } = usePolled(
    arn,
    (signal) => read<Run>(`runs/${encodeURIComponent(arn)}?after=1000000`, signal),
    ({ status }) => (status === 'RUNNING' ? 1_000 : undefined),
  );
  if (run === undefined || run.status === 'RUNNING')
    return <StatusIndicator type="in-progress">{doing}</StatusIndicator>;
  if (run.status === 'SUCCEEDED')
    return <StatusIndicator>{done((run.output ?? {}) as Readonly<Record<string, unknown>>)}</StatusIndicator>;
  return (
    <StatusIndicator type="error">
      {failed} {outcome(run)}
    </StatusIndicator>
  );
}
