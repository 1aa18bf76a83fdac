import Box from '@cloudscape-design/components/box';
import Spinner from '@cloudscape-design/components/spinner';
import type { HistoryDetail } from '../../api.ts';
import { prettyJson } from '../shell/format.ts';
import { ProblemAlert } from '../shell/problem-alert.tsx';
import { read } from '../shell/server.ts';
import { useSession } from '../shell/session.ts';
import { TextBlock } from '../shell/text-block.tsx';
import { usePolled } from '../shell/use-polled.ts';

interface Props {
  readonly arn: string;
  readonly id: number;
  readonly field: 'input' | 'output';
}

/** The input or output of a state, fetched when somebody looks. */
export function HistoryText({ arn, id, field }: Props) {
  const { history } = useSession();
  const path = `runs/${encodeURIComponent(arn)}/history/${id}`;
  const { data, problem } = usePolled(
    path,
    (signal) => read<HistoryDetail>(path, signal),
    () => undefined,
  );
  if (problem !== undefined) return <ProblemAlert problem={problem} />;
  if (data === undefined) return <Spinner />;
  const value = data.details[field];
  return (
    <>
      {data.truncated !== undefined && <Box color="text-status-warning">{data.truncated}</Box>}
      {value === undefined ? (
        history === 'all' ? (
          'None.'
        ) : (
          'The stack does not keep inputs and outputs: see executionHistory.'
        )
      ) : (
        <TextBlock
          label={field === 'input' ? 'Input' : 'Output'}
          text={typeof value === 'string' ? prettyJson(value) : JSON.stringify(value, null, 2)}
        />
      )}
    </>
  );
}
