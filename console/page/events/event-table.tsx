import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import type { EventRow, EventsPage, Failures, Problem } from '../../api.ts';
import type { RedriveOrder, ReplayOrder } from '../../change-api.ts';
import { ReplayButton } from '../replay/replay-button.tsx';
import { ChangeButton } from '../shell/change-button.tsx';
import { number, plural } from '../shell/format.ts';
import { ProblemAlert } from '../shell/problem-alert.tsx';
import { eventColumns } from './event-columns.tsx';
import { type Condition, redriveFilter, replayFilter } from './event-filter.ts';
import { EventFilterBar } from './event-filter-bar.tsx';

interface Props {
  readonly page: (EventsPage & Failures) | undefined;
  readonly problem: Problem | undefined;
  readonly conditions: readonly Condition[];
  readonly selected: readonly EventRow[];
  readonly onSelect: (selected: readonly EventRow[]) => void;
  readonly onFilter: (conditions: readonly Condition[]) => void;
  /** Undefined on the first page. */
  readonly onNewest: (() => void) | undefined;
  /** Undefined on the last page. */
  readonly onOlder: (() => void) | undefined;
  readonly onRefresh: () => void;
  readonly onRedrive: (filter: RedriveOrder['filter']) => void;
  readonly onReplay: (filter: ReplayOrder['filter']) => void;
}

export function EventTable(props: Props) {
  const { page, problem, conditions, selected, onSelect, onFilter } = props;
  const events = page?.events ?? [];
  // An event that was redriven meanwhile is not redriven again by a selection made before.
  const stillFailed = selected.filter((chosen) =>
    events.some(({ eventId, status }) => eventId === chosen.eventId && status === 'failed'),
  );
  return (
    <Table
      variant="full-page"
      stickyHeader
      wrapLines
      items={[...events]}
      trackBy="eventId"
      loading={page === undefined && problem === undefined}
      loadingText="Loading events"
      columnDefinitions={eventColumns(events)}
      selectionType="multi"
      selectedItems={stillFailed}
      isItemDisabled={({ status }) => status !== 'failed'}
      onSelectionChange={({ detail }) => onSelect(detail.selectedItems)}
      ariaLabels={{
        tableLabel: 'Events',
        selectionGroupLabel: 'Selection of failed events',
        allItemsSelectionLabel: () => 'Select all failed events of this page',
        itemSelectionLabel: (_, { eventType, eventId }) => `Select ${eventType} ${eventId.slice(0, 8)}`,
      }}
      header={
        <SpaceBetween size="s">
          <Header
            variant="h1"
            counter={
              page === undefined ? '' : `(${number(events.length)}${page.next === undefined ? '' : '+'})`
            }
            description="100 a page; what is due, has failed or was processed last comes first"
            actions={<Actions {...props} selected={stillFailed} />}
          >
            Events
          </Header>
          <ProblemAlert problem={problem} stale={page !== undefined} />
        </SpaceBetween>
      }
      filter={
        <EventFilterBar
          conditions={conditions}
          events={events}
          failures={page?.failures ?? []}
          onChange={onFilter}
        />
      }
      empty={<Empty filtered={conditions.length > 0} onClear={() => onFilter([])} />}
      footer={<Pages {...props} />}
    />
  );
}

function Actions({ conditions, selected, page, onRedrive, onReplay, onRefresh }: Props) {
  const matching = redriveFilter(conditions);
  const replayable = replayFilter(conditions);
  const some = selected.length > 0;
  const none = page?.failures.length === 0 ? 'No event has failed.' : undefined;
  const impossible = some
    ? undefined
    : (none ?? ('impossible' in matching ? matching.impossible : undefined));
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Button iconName="refresh" ariaLabel="Refresh" onClick={onRefresh} />
      <ChangeButton
        impossible={impossible}
        onClick={() => {
          if (some) onRedrive({ eventIds: selected.map(({ eventId }) => eventId) });
          else if ('filter' in matching) onRedrive(matching.filter);
        }}
      >
        {some ? `Redrive ${plural(selected.length, 'selected event')}…` : 'Redrive matching…'}
      </ChangeButton>
      <ReplayButton
        impossible={'impossible' in replayable ? replayable.impossible : undefined}
        onClick={() => {
          if ('filter' in replayable) onReplay(replayable.filter);
        }}
      >
        Replay matching…
      </ReplayButton>
    </SpaceBetween>
  );
}

function Pages({ onNewest, onOlder }: Props) {
  if (onNewest === undefined && onOlder === undefined) return null;
  return (
    <Box float="right">
      <SpaceBetween direction="horizontal" size="xs">
        <Button disabled={onNewest === undefined} onClick={onNewest ?? (() => undefined)}>
          Newest
        </Button>
        <Button disabled={onOlder === undefined} onClick={onOlder ?? (() => undefined)}>
          Older
        </Button>
      </SpaceBetween>
    </Box>
  );
}

const EXAMPLE = `insert into outbox_events (aggregate_id, event_type, payload)
values ('7', 'dish.created', '{"name": "Laksa"}');`;

function Empty({ filtered, onClear }: { readonly filtered: boolean; readonly onClear: () => void }) {
  if (filtered)
    return (
      <SpaceBetween size="xs" alignItems="center">
        <Box variant="h3">No event matches</Box>
        <Button onClick={onClear}>Show all events</Button>
      </SpaceBetween>
    );
  return (
    <SpaceBetween size="xs" alignItems="center">
      <Box variant="h3">No events yet</Box>
      <div>Write one:</div>
      <pre>{EXAMPLE}</pre>
    </SpaceBetween>
  );
}
