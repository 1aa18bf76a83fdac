/** SQL for a time in UTC with its offset, independent of the time zone of the database. */
export function isoTime(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** SQL for the first characters of a text; a cut text ends with an ellipsis. A row may have 64 KB. */
export function atMost(characters: number, column: string): string {
  return `case when length(${column}) > ${characters} then left(${column}, ${characters - 1}) || '…' else ${column} end`;
}

/** A time of {@link isoTime}, to the second, for a table. */
export function toSecond(time: string): string {
  return time.replace(/\.\d+/, '');
}
