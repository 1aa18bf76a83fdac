import PropertyFilter, { type PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import type { EventRow, Failures } from '../../api.ts';
import { eventStatuses } from '../shell/statuses.ts';
import { type Condition, type Field, fields, guess, labels } from './event-filter.ts';
import { TimeForm } from './time-form.tsx';

interface Props {
  readonly conditions: readonly Condition[];
  readonly events: readonly EventRow[];
  readonly failures: Failures['failures'];
  readonly onChange: (conditions: readonly Condition[]) => void;
}

const properties: PropertyFilterProps.FilteringProperty[] = fields.map((key) => ({
  key,
  propertyLabel: labels[key],
  groupValuesLabel: `${labels[key]} values`,
  operators: key.startsWith('created') ? [{ operator: '=', form: TimeForm, format: String }] : ['='],
}));

/** The filter of the list. Each condition is an equality, since that is what the table's indexes answer quickly. */
export function EventFilterBar({ conditions, events, failures, onChange }: Props) {
  const tokens = conditions.map(({ field, value }) => ({ propertyKey: field, operator: '=', value }));
  return (
    <PropertyFilter
      query={{ operation: 'and', tokens }}
      hideOperations
      filteringProperties={properties}
      filteringOptions={options(events, failures)}
      freeTextFiltering={{ operators: ['='], defaultOperator: '=' }}
      filteringPlaceholder="Filter events, or paste an id"
      filteringAriaLabel="Filter events"
      onChange={({ detail }) =>
        onChange(
          detail.tokens.flatMap(({ propertyKey, value }) => {
            if (typeof value !== 'string' || value.trim() === '') return [];
            const field = fields.find((known) => known === propertyKey);
            return [field === undefined ? guess(value) : { field, value: value.trim() }];
          }),
        )
      }
    />
  );
}

/** Suggestions: the statuses, and what is in sight. */
function options(
  events: readonly EventRow[],
  failures: Failures['failures'],
): PropertyFilterProps.FilteringOption[] {
  const distinct = (propertyKey: Field, values: readonly (string | null | undefined)[]) =>
    [...new Set(values)].flatMap((value) => (value ? [{ propertyKey, value }] : []));
  return [
    ...Object.keys(eventStatuses).map((value) => ({ propertyKey: 'status', value })),
    ...distinct(
      'eventType',
      [...failures, ...events].map(({ eventType }) => eventType),
    ),
    ...distinct(
      'errorType',
      [...failures, ...events].map(({ errorType }) => errorType),
    ),
    ...distinct(
      'aggregateId',
      events.map(({ aggregateId }) => aggregateId),
    ),
    ...distinct(
      'orderingKey',
      events.map(({ orderingKey }) => orderingKey),
    ),
    { propertyKey: 'blocksKey', value: 'yes' },
    ...distinct(
      'run',
      events.map(({ runArn }) => runArn),
    ),
  ];
}
