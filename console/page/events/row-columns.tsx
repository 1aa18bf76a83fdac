import ExpandableSection from '@cloudscape-design/components/expandable-section';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import type { EventStory } from '../../api.ts';

/** The whole row, column by column. */
export function RowColumns({ event }: { readonly event: EventStory }) {
  return (
    <ExpandableSection variant="container" headerText="All columns" defaultExpanded>
      <KeyValuePairs
        columns={3}
        items={Object.entries(event.columns)
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([label, value]) => ({
            label,
            value: <span className="unbroken">{value ?? '–'}</span>,
          }))}
      />
    </ExpandableSection>
  );
}
