import Link from '@cloudscape-design/components/link';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { TableProps } from '@cloudscape-design/components/table';
import type { EventRow } from '../../api.ts';
import { addressOf } from '../shell/address.ts';
import { number, time } from '../shell/format.ts';
import { eventStatuses } from '../shell/statuses.ts';

const KEY = 'orderingKey';

const columns: TableProps.ColumnDefinition<EventRow>[] = [
  {
    id: 'status',
    header: 'Status',
    minWidth: 130,
    cell: ({ status }) => (
      <StatusIndicator type={eventStatuses[status].indicator}>{eventStatuses[status].label}</StatusIndicator>
    ),
  },
  {
    id: 'type',
    header: 'Event type',
    isRowHeader: true,
    minWidth: 150,
    cell: ({ eventType, eventId }) => <Link href={addressOf(['events', eventId])}>{eventType}</Link>,
  },
  {
    id: 'aggregate',
    header: 'Aggregate',
    cell: ({ aggregateType, aggregateId }) => [aggregateType, aggregateId].filter(Boolean).join(' '),
  },
  { id: KEY, header: 'Ordering key', cell: ({ orderingKey }) => orderingKey ?? '–' },
  { id: 'created', header: 'Created', cell: ({ createdAt }) => time(createdAt) },
  { id: 'attempts', header: 'Attempts', cell: ({ attempts }) => number(attempts) },
  {
    id: 'error',
    header: 'Last error',
    minWidth: 220,
    cell: ({ errorType, error }) => (
      <span className="unbroken">{[errorType, error].filter(Boolean).join(': ') || '–'}</span>
    ),
  },
];

/** The column of ordering keys is there when one of the events has a key. */
export function eventColumns(events: readonly EventRow[]) {
  const ordered = events.some(({ orderingKey }) => orderingKey !== null);
  return columns.filter(({ id }) => ordered || id !== KEY);
}
