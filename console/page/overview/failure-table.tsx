import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import Table from '@cloudscape-design/components/table';
import { useState } from 'react';
import type { Failures } from '../../api.ts';
import type { RedriveOrder } from '../../change-api.ts';
import { RedriveModal } from '../redrive/redrive-modal.tsx';
import { addressOf } from '../shell/address.ts';
import { ChangeButton } from '../shell/change-button.tsx';
import { number, time, upTo } from '../shell/format.ts';

type Failure = Failures['failures'][number];

const COUNT_LIMIT = 1_000;

interface Props {
  readonly failures: readonly Failure[];
  readonly onRedriven: () => void;
}

/** The failed events by reason, each with a way to see them and to redrive them. */
export function FailureTable({ failures, onRedriven }: Props) {
  const [redriving, setRedriving] = useState<RedriveOrder['filter']>();
  return (
    <>
      <Table
        items={[...failures]}
        trackBy={(failure) => `${failure.errorType} ${failure.eventType}`}
        wrapLines
        header={
          <Header
            variant="h2"
            counter={`(${number(failures.length)})`}
            description="By error type and event type"
          >
            Failed events
          </Header>
        }
        empty={<Box>No event has failed for good.</Box>}
        ariaLabels={{ tableLabel: 'Failed events by reason' }}
        columnDefinitions={[
          {
            id: 'events',
            header: 'Events',
            cell: ({ events, errorType, eventType }) => (
              <Link
                href={addressOf(['events'], {
                  status: 'failed',
                  errorType: errorType ?? undefined,
                  eventType,
                })}
                ariaLabel={`${number(events)} failed: ${errorType ?? 'no error type'}, ${eventType}`}
              >
                {upTo(COUNT_LIMIT, events)}
              </Link>
            ),
          },
          {
            id: 'error-type',
            header: 'Error type',
            cell: ({ errorType }) => errorType ?? '–',
            isRowHeader: true,
          },
          { id: 'event-type', header: 'Event type', cell: ({ eventType }) => eventType },
          {
            id: 'error',
            header: 'Newest error',
            cell: ({ error }) => <span className="unbroken">{error ?? '–'}</span>,
            minWidth: 220,
          },
          { id: 'newest', header: 'Newest', cell: ({ newest }) => time(newest) },
          {
            id: 'redrive',
            header: 'Action',
            cell: ({ errorType, eventType }) => (
              <ChangeButton
                variant="inline-link"
                ariaLabel={`Redrive ${errorType ?? ''} ${eventType}`}
                onClick={() => setRedriving({ eventType, ...(errorType !== null && { errorType }) })}
              >
                Redrive…
              </ChangeButton>
            ),
          },
        ]}
      />
      {redriving !== undefined && (
        <RedriveModal
          filter={redriving}
          what={`failed with ${redriving.errorType ?? 'no error type'}, of type ${redriving.eventType}`}
          onClose={() => {
            setRedriving(undefined);
            onRedriven();
          }}
        />
      )}
    </>
  );
}
