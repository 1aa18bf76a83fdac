/**
 * Two partial indexes have what is unfinished in the order of `due_at`, one for events without an order and one for
 * ordered ones. A query of both reads them in two branches, each with one of these conditions.
 */
export const dueIndexes = [
  'due_at is not null and (ordering_key is null or skipped_at is not null)',
  'due_at is not null and ordering_key is not null and skipped_at is null',
] as const;
