import Container from '@cloudscape-design/components/container';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Steps from '@cloudscape-design/components/steps';
import { useState } from 'react';
import type { EventStory } from '../../api.ts';
import { RedriveModal } from '../redrive/redrive-modal.tsx';
import { ReplayButton } from '../replay/replay-button.tsx';
import { ReplayModal } from '../replay/replay-modal.tsx';
import { addressOf } from '../shell/address.ts';
import { ChangeButton } from '../shell/change-button.tsx';
import { ProblemAlert } from '../shell/problem-alert.tsx';
import { read } from '../shell/server.ts';
import { usePolled } from '../shell/use-polled.ts';
import { inWords, WERE_PROCESSED } from './event-filter.ts';
import { EventPayload } from './event-payload.tsx';
import { RowColumns } from './row-columns.tsx';
import { SkipModal } from './skip-modal.tsx';
import { story } from './story.ts';

const INTERVAL_MS = 2_000;

/** One event: its story, its payload, its row. */
export default function EventPage({ id }: { readonly id: string }) {
  const [changing, setChanging] = useState<'redrive' | 'replay' | 'skip'>();
  const path = `events/${encodeURIComponent(id)}`;
  const {
    data: event,
    problem,
    refresh,
  } = usePolled(
    path,
    (signal) => read<EventStory>(path, signal),
    ({ status }) => (status === 'processed' ? undefined : INTERVAL_MS),
  );
  const filter = { eventIds: [id] };
  const close = () => {
    setChanging(undefined);
    refresh();
  };
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description={id}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {event?.status === 'failed' && event.orderingKey !== null && event.skippedAt === null && (
                <ChangeButton onClick={() => setChanging('skip')}>Skip…</ChangeButton>
              )}
              {event?.status === 'failed' && (
                <ChangeButton onClick={() => setChanging('redrive')}>Redrive…</ChangeButton>
              )}
              {event?.status === 'processed' && (
                <ReplayButton onClick={() => setChanging('replay')}>Replay…</ReplayButton>
              )}
            </SpaceBetween>
          }
        >
          <span className="unbroken">{event?.eventType ?? 'Event'}</span>
        </Header>
      }
    >
      <SpaceBetween size="l">
        <ProblemAlert problem={problem} stale={event !== undefined} />
        {event === undefined && problem === undefined && <Spinner size="large" />}
        {event !== undefined && (
          <SpaceBetween size="l">
            <Container header={<Header variant="h2">Story</Header>}>
              <Story event={event} />
            </Container>
            <EventPayload id={id} detailBytes={event.detailBytes} />
            <RowColumns event={event} />
          </SpaceBetween>
        )}
      </SpaceBetween>
      {changing === 'skip' && <SkipModal eventId={id} onClose={close} />}
      {changing === 'redrive' && <RedriveModal filter={filter} what={inWords(filter)} onClose={close} />}
      {changing === 'replay' && (
        <ReplayModal filter={filter} what={inWords(filter, WERE_PROCESSED)} onClose={close} />
      )}
    </ContentLayout>
  );
}

function Story({ event }: { readonly event: EventStory }) {
  return (
    <Steps
      ariaLabel="Story of the event"
      steps={story(event).map(({ status, title, detail, runArn, eventId }) => ({
        status,
        statusIconAriaLabel: status,
        header: title,
        details: (
          <>
            {detail !== undefined && <div className="unbroken">{detail}</div>}
            {runArn !== undefined && <Link href={addressOf(['runs', runArn])}>Show the run</Link>}
            {eventId !== undefined && <Link href={addressOf(['events', eventId])}>Show that event</Link>}
          </>
        ),
      }))}
    />
  );
}
