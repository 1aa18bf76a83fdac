-- outside a transaction
-- Built without keeping producers waiting, however large the table is. Every statement may run again after an
-- interruption.

-- What a claim takes of the events without a key, and of those that left the order of theirs.
create index concurrently outbox_events_due on {schema}.outbox_events (due_at, sequence)
  where due_at is not null and (ordering_key is null or skipped_at is not null)
--> statement-breakpoint
-- The ordered ones, for views of the backlog.
create index concurrently outbox_events_due_in_order on {schema}.outbox_events (due_at, sequence)
  where due_at is not null and ordering_key is not null and skipped_at is null
--> statement-breakpoint
-- What a key has before it, failed events included, because a failed one blocks. Names no column that a claim changes.
create index concurrently outbox_events_in_order on {schema}.outbox_events (ordering_key, sequence)
  where ordering_key is not null and processed_at is null and skipped_at is null
--> statement-breakpoint
drop index concurrently if exists {schema}.outbox_events_due_of_all
--> statement-breakpoint
alter table {schema}.outbox_events
  validate constraint ordering_key_is_1_to_128_characters,
  validate constraint skip_reason_only_when_skipped_by_somebody
