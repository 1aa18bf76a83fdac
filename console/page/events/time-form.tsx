import DateInput from '@cloudscape-design/components/date-input';
import FormField from '@cloudscape-design/components/form-field';
import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import SpaceBetween from '@cloudscape-design/components/space-between';
import TimeInput from '@cloudscape-design/components/time-input';

/** A day and a time in UTC, as ISO 8601. */
export function TimeForm({ value, onChange }: PropertyFilterProps.ExtendedOperatorFormProps<string>) {
  const [day = '', clock = ''] = (value ?? '').replace('Z', '').split('T');
  const give = (newDay: string, newClock: string) =>
    onChange(newDay && `${newDay}T${newClock || '00:00:00'}Z`);
  return (
    <SpaceBetween size="xs">
      <FormField label="Day">
        <DateInput
          value={day}
          placeholder="YYYY/MM/DD"
          onChange={({ detail }) => give(detail.value, clock)}
        />
      </FormField>
      <FormField label="Time (UTC)">
        <TimeInput
          value={clock}
          format="hh:mm:ss"
          placeholder="hh:mm:ss"
          onChange={({ detail }) => give(day, detail.value)}
        />
      </FormField>
    </SpaceBetween>
  );
}
