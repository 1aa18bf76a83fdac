import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import LiveRegion from '@cloudscape-design/components/live-region';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { RedriveOrder } from '../../api.ts';
import { addressOf } from '../shell/address.ts';
import { plural, upTo } from '../shell/format.ts';
import { RedriveProgress } from './redrive-progress.tsx';
import { useRedrive } from './use-redrive.ts';

const COUNT_LIMIT = 100_000;

interface Props {
  readonly filter: RedriveOrder['filter'];
  /** Completes the sentence "Events that ...". */
  readonly what: string;
  readonly onClose: () => void;
}

/** Counts with a dry run, asks, redrives, and follows the redrive to its end. */
export function RedriveModal({ filter, what, onClose }: Props) {
  const { state, confirm } = useRedrive(filter);
  const asking = state.step === 'counted' || state.step === 'starting';
  return (
    <Modal
      visible
      header="Redrive events"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {asking || state.step === 'counting' ? 'Cancel' : 'Close'}
            </Button>
            {asking && state.matching > 0 && (
              <Button variant="primary" loading={state.step === 'starting'} onClick={confirm}>
                Redrive {plural(state.matching, 'event')}
              </Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <div className="unbroken">Events that {what}.</div>
        <LiveRegion>
          {state.step === 'counting' && (
            <StatusIndicator type="loading">A dry run counts what matches</StatusIndicator>
          )}
          {asking && <Counted matching={state.matching} outOfOrder={state.outOfOrder} />}
          {state.step === 'started' && <RedriveProgress arn={state.executionArn} matching={state.matching} />}
          {state.step === 'refused' && (
            <Alert type="error" header={state.problem.message} statusIconAriaLabel="Error">
              {state.problem.remedy ?? 'Nothing was changed.'}
            </Alert>
          )}
        </LiveRegion>
        {state.step === 'started' && (
          <Link href={addressOf(['runs', state.executionArn])}>The run of this redrive</Link>
        )}
      </SpaceBetween>
    </Modal>
  );
}

interface CountedProps {
  readonly matching: number;
  readonly outOfOrder: number;
}

function Counted({ matching, outOfOrder }: CountedProps) {
  if (matching === 0) return <>No failed event matches: there is nothing to redrive.</>;
  const count = matching === 1 ? '1 event' : `${upTo(COUNT_LIMIT, matching)} events`;
  return (
    <>
      {count} would be published again, with fresh attempts and under the same ids.
      <Box color="text-body-secondary">
        Remove the cause first: an event that fails again waits for a person as before.
      </Box>
      {outOfOrder > 0 && (
        <Box padding={{ top: 's' }}>
          <StatusIndicator type="warning">
            {matching === 1
              ? 'It was'
              : `${upTo(COUNT_LIMIT, outOfOrder)} of them ${outOfOrder === 1 ? 'was' : 'were'}`}{' '}
            skipped: published without a sequence, after younger events of the same key.
          </StatusIndicator>
        </Box>
      )}
    </>
  );
}
