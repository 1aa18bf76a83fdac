import { useCollection } from '@cloudscape-design/collection-hooks';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useMemo } from 'react';
import type { HistoryStep } from '../../api.ts';
import { between, duration, number, plural } from '../shell/format.ts';
import type { RunModel } from './run-model.ts';

const PAGE_SIZE = 50;

interface Props {
  readonly model: RunModel;
  readonly startedAt: string;
  /** Only what happened in this state. */
  readonly state: string | undefined;
}

/** The events of a run's history, or of one of its states, in order. */
export function HistoryTable({ model, startedAt, state }: Props) {
  const rows = useMemo(
    () =>
      model.steps
        .map((step) => rowOf(step, model))
        .filter((row) => state === undefined || row.state === state),
    [model, state],
  );
  const { items, collectionProps, filterProps, paginationProps, filteredItemsCount } = useCollection(rows, {
    filtering: {
      empty: 'Nothing has been recorded.',
      noMatch: 'Nothing matches.',
      fields: ['type', 'where', 'what'],
    },
    pagination: { pageSize: PAGE_SIZE },
  });
  return (
    <Table
      {...collectionProps}
      items={items}
      trackBy="id"
      wrapLines
      ariaLabels={{ tableLabel: 'History' }}
      header={
        <Header variant="h2" counter={`(${number(rows.length)})`}>
          {state === undefined ? 'History' : `History of ${state}`}
        </Header>
      }
      filter={
        <TextFilter
          {...filterProps}
          filteringPlaceholder="Find in the history"
          filteringAriaLabel="Find in the history"
          countText={plural(filteredItemsCount ?? 0, 'match').replace(/matchs$/, 'matches')}
        />
      }
      pagination={<Pagination {...paginationProps} />}
      columnDefinitions={[
        { id: 'id', header: '#', cell: ({ id }) => number(id) },
        { id: 'after', header: 'After', cell: ({ at }) => duration(between(startedAt, at)) },
        {
          id: 'type',
          header: 'Event',
          isRowHeader: true,
          cell: ({ type, bad }) => (bad ? <StatusIndicator type="error">{type}</StatusIndicator> : type),
        },
        { id: 'where', header: 'State', cell: ({ where }) => where },
        {
          id: 'what',
          header: 'What',
          minWidth: 260,
          cell: ({ what }) => <span className="unbroken">{what}</span>,
        },
      ]}
    />
  );
}

function rowOf(step: HistoryStep, model: RunModel) {
  const { id, type, timestamp, name, index, length, error, cause } = step;
  const visit = model.visitOf(step);
  const state = visit?.state ?? name;
  const item = index ?? visit?.inside?.index;
  return {
    id,
    type,
    at: timestamp,
    state,
    bad: /Failed|TimedOut|Aborted/.test(type),
    where: [state, item !== undefined && `item ${item + 1}`].filter(Boolean).join(', '),
    what:
      error === undefined
        ? length === undefined
          ? ''
          : plural(length, 'item')
        : [error, cause].filter(Boolean).join(': '),
  };
}
