/** The longest texts of an event, in characters as PostgreSQL counts them. The constraints of the table are the same. */
export const maxCharacters = {
  aggregateType: 512,
  eventType: 128,
  traceHeader: 500,
} as const;

/** Whether a text has at least one character and no more than the table allows. */
export function fits(name: keyof typeof maxCharacters, text: string): boolean {
  return text !== '' && [...text].length <= maxCharacters[name];
}
