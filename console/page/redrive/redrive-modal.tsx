import Box from '@cloudscape-design/components/box';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import type { RedriveAnswer, RedriveOrder } from '../../change-api.ts';
import { ChangeProgress } from '../change/change-progress.tsx';
import { CountedChangeModal } from '../change/counted-change-modal.tsx';
import { plural, upTo } from '../shell/format.ts';
import { order } from '../shell/server.ts';

const COUNT_LIMIT = 100_000;

interface Props {
  readonly filter: RedriveOrder['filter'];
  /** Completes the sentence "Events that ...". */
  readonly what: string;
  readonly onClose: () => void;
}

export function RedriveModal({ filter: given, what, onClose }: Props) {
  // What was counted is what is redriven, whatever the page behind selects meanwhile.
  const [filter] = useState(given);
  return (
    <CountedChangeModal
      verb="Redrive"
      what={what}
      send={(dryRun) => order<RedriveAnswer>('redrives', { filter, dryRun } satisfies RedriveOrder)}
      counted={(answer) => <Counted {...answer} />}
      progress={(arn, { matching }) => (
        <ChangeProgress
          arn={arn}
          doing={`Redriving ${plural(matching, 'event')}`}
          done={done}
          failed="Not all were processed."
        />
      )}
      onClose={onClose}
    />
  );
}

function done({ processed, paused, unfinished }: Readonly<Record<string, unknown>>): string {
  if (paused === true) return `Requeued. The outbox is paused: ${plural(Number(unfinished), 'event')} wait.`;
  return typeof processed === 'number' ? `Done: ${plural(processed, 'event')} processed.` : 'Done.';
}

function Counted({ matching, outOfOrder = 0 }: RedriveAnswer) {
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
