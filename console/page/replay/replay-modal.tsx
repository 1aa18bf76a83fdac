import Box from '@cloudscape-design/components/box';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { ReplayAnswer, ReplayOrder } from '../../change-api.ts';
import { ChangeProgress } from '../change/change-progress.tsx';
import { CountedChangeModal } from '../change/counted-change-modal.tsx';
import { duration, plural, time, upTo } from '../shell/format.ts';
import { order } from '../shell/server.ts';

interface Props {
  readonly filter: ReplayOrder['filter'];
  /** Completes the sentence "Events that ...". */
  readonly what: string;
  readonly onClose: () => void;
}

const COUNT_LIMIT = 100_000;
const DEFAULT_RATE = 20;
const MAX_RATE = 200;

export function ReplayModal({ filter: given, what, onClose }: Props) {
  // What was counted is what is replayed, whatever the page behind selects meanwhile.
  const [filter] = useState(given);
  const [rate, setRate] = useState(String(DEFAULT_RATE));
  const [reason, setReason] = useState('');
  const isRate = /^\d{1,3}$/.test(rate) && Number(rate) >= 1 && Number(rate) <= MAX_RATE;
  const send = (dryRun: boolean) =>
    order<ReplayAnswer>('replays', {
      filter,
      dryRun,
      rate: Number(rate),
      ...(reason.trim() !== '' && { reason: reason.trim() }),
    } satisfies ReplayOrder);
  return (
    <CountedChangeModal
      verb="Replay"
      what={what}
      send={send}
      complete={isRate}
      counted={(answer) => <Counted answer={answer} />}
      form={
        <SpaceBetween size="s">
          <FormField
            label="Events a second, at most"
            {...(!isRate && { errorText: `A whole number from 1 to ${MAX_RATE}.` })}
          >
            <Input
              value={rate}
              type="number"
              inputMode="numeric"
              onChange={({ detail }) => setRate(detail.value)}
            />
          </FormField>
          <FormField label="Reason" description="Kept with every event that is replayed">
            <Input value={reason} onChange={({ detail }) => setReason(detail.value.slice(0, 500))} />
          </FormField>
        </SpaceBetween>
      }
      progress={(arn, { matching }) => (
        <ChangeProgress
          arn={arn}
          doing={`Replaying ${plural(matching, 'event')}, for about ${duration((matching / Number(rate)) * 1_000)}. This goes on when the page is closed.`}
          done={done}
          failed="Not all were replayed."
        />
      )}
      onClose={onClose}
    />
  );
}

function done({ replayed, limitReached }: Readonly<Record<string, unknown>>): string {
  if (typeof replayed !== 'number') return 'Done.';
  const more = limitReached === true ? ', as many as one replay takes at this rate' : '';
  return `Done: ${plural(replayed, 'event')} replayed${more}.`;
}

function Counted({ answer: { matching, oldestProcessedAt } }: { readonly answer: ReplayAnswer }) {
  const kept =
    oldestProcessedAt === null
      ? 'No processed event is kept.'
      : `Processed events are kept from ${time(oldestProcessedAt)} on; older ones were purged and cannot be replayed.`;
  if (matching === 0) return <>No processed event matches: there is nothing to replay. {kept}</>;
  const count = matching === 1 ? '1 event' : `${upTo(COUNT_LIMIT, matching)} events`;
  return (
    <>
      {count} would be published again under the same ids, with the id of the replay. Live events go first.
      <Box color="text-body-secondary">{kept}</Box>
    </>
  );
}
