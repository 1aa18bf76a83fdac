import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useEffect, useState } from 'react';
import type { Problem } from '../../api.ts';
import type { SkipAnswer, SkipOrder } from '../../change-api.ts';
import { upTo } from '../shell/format.ts';
import { problemOf } from '../shell/problem-of.ts';
import { order } from '../shell/server.ts';

const COUNT_LIMIT = 1_000;

interface Props {
  readonly eventId: string;
  readonly onClose: () => void;
}

/** Says what would pass, asks for the reason, and skips the event. */
export function SkipModal({ eventId, onClose }: Props) {
  const [counted, setCounted] = useState<SkipAnswer>();
  const [reason, setReason] = useState('');
  const [skipping, setSkipping] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const send = (dryRun: boolean) =>
    order<SkipAnswer>('skips', {
      eventId,
      dryRun,
      ...(reason.trim() !== '' && { reason }),
    } satisfies SkipOrder);

  // biome-ignore lint/correctness/useExhaustiveDependencies: counts once, when the question is asked
  useEffect(() => {
    send(true).then(setCounted, (error: unknown) => setProblem(problemOf(error)));
  }, []);

  const confirm = () => {
    setSkipping(true);
    setProblem(undefined);
    send(false).then(onClose, (error: unknown) => {
      setSkipping(false);
      setProblem(problemOf(error));
    });
  };
  return (
    <Modal
      visible
      header="Skip event"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            {counted !== undefined && (
              <Button variant="primary" loading={skipping} onClick={confirm}>
                Skip for good
              </Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {counted === undefined && problem === undefined && (
          <StatusIndicator type="loading">Counting what would pass</StatusIndicator>
        )}
        {counted !== undefined && <Consequences counted={counted} />}
        {counted !== undefined && (
          <FormField label="Reason" description="For whoever looks at the event later.">
            <Input value={reason} onChange={({ detail }) => setReason(detail.value)} />
          </FormField>
        )}
        {problem !== undefined && (
          <Alert type="error" header={problem.message} statusIconAriaLabel="Error">
            {problem.remedy ?? 'Nothing was changed.'}
          </Alert>
        )}
      </SpaceBetween>
    </Modal>
  );
}

function Consequences({ counted: { orderingKey, waitingBehind } }: { readonly counted: SkipAnswer }) {
  const events = waitingBehind === 1 ? '1 event waits' : `${upTo(COUNT_LIMIT, waitingBehind)} events wait`;
  return (
    <div className="unbroken">
      {events} behind it, with the ordering key {orderingKey}. Skipped, the event leaves the order for good
      and those behind it pass.
      <Box color="text-body-secondary">
        It stays failed. A redrive publishes it later without a sequence, after younger events of its key.
      </Box>
    </div>
  );
}
