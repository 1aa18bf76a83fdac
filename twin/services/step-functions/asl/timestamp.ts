const pattern = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** The milliseconds since 1970 of a timestamp as a Wait takes it; undefined for any other text. */
export function parseTimestamp(text: string): number | undefined {
  const [, date] = pattern.exec(text) ?? [];
  if (date === undefined) return undefined;
  // Date.parse turns February 30 into March 1.
  const day = new Date(Date.parse(date));
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
  const at = Date.parse(text);
  return exists && !Number.isNaN(at) ? at : undefined;
}

/** A time as Step Functions writes it into its context: without the fraction if that is zero. */
export const formatTimestamp = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace('.000Z', 'Z');
