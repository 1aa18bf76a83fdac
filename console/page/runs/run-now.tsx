import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { Problem } from '../../api.ts';
import type { StartedRun } from '../../change-api.ts';
import { addressOf, go } from '../shell/address.ts';
import { upTo } from '../shell/format.ts';
import { problemOf } from '../shell/problem-of.ts';
import { order } from '../shell/server.ts';

const COUNT_LIMIT = 1_000;

interface Props {
  /** Events that are due; undefined while that is not known. */
  readonly due: number | undefined;
  readonly onClose: () => void;
}

/** Asks before it starts the processor, and then shows its run. */
export function RunNow({ due, onClose }: Props) {
  const [starting, setStarting] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const start = () => {
    setStarting(true);
    setProblem(undefined);
    order<StartedRun>('runs', {}).then(
      ({ executionArn }) => {
        onClose();
        go(addressOf(['runs', executionArn]));
      },
      (error: unknown) => {
        setStarting(false);
        setProblem(problemOf(error));
      },
    );
  };
  return (
    <Modal
      visible
      header="Run now"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" loading={starting} onClick={start}>
              Start a run
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <div>
          {due !== undefined && `${upTo(COUNT_LIMIT, due)} ${due === 1 ? 'event is' : 'events are'} due. `}
          The processor starts once, as the schedule would start it.
        </div>
        {problem !== undefined && (
          <Alert type="error" header={problem.message} statusIconAriaLabel="Error">
            {problem.remedy}
          </Alert>
        )}
      </SpaceBetween>
    </Modal>
  );
}
