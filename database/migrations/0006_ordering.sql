-- Order per key, from the producer's commit to the event bus. An event with an ordering_key is published after all
-- events of its key that were committed before it. An event without one takes the path that it always took.
--
-- Two tables, because two parties lock. outbox_ordering_keys belongs to the producers and is locked until they commit,
-- so the processor only tries it. outbox_ordering_queue belongs to the processor and is locked for one statement, so
-- everybody may wait for it. A key is idle exactly while it has no row in the queue.
create table outbox_ordering_keys (
  ordering_key text collate "C" primary key,
  queued boolean not null,
  last_sequence bigint,
  idle_since timestamptz
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)
--> statement-breakpoint
comment on column outbox_ordering_keys.queued is 'whether the key has a row in outbox_ordering_queue'
--> statement-breakpoint
comment on column outbox_ordering_keys.last_sequence is 'accepted_sequence of the queue while the key is idle'
--> statement-breakpoint
comment on column outbox_ordering_keys.idle_since is 'when the key became idle last, a cleanup forgets keys that are idle for long'
--> statement-breakpoint
create table outbox_ordering_queue (
  ordering_key text collate "C" primary key,
  due_at timestamptz,
  blocked_at timestamptz,
  busy_since timestamptz,
  accepted_sequence bigint,
  first_sequence bigint not null,

  constraint due_exactly_while_not_blocked check ((due_at is null) = (blocked_at is not null))
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)
--> statement-breakpoint
comment on column outbox_ordering_queue.due_at is 'when a claim looks at the key, null while it is blocked'
--> statement-breakpoint
comment on column outbox_ordering_queue.blocked_at is 'since when the key waits for a person, because its first event failed'
--> statement-breakpoint
comment on column outbox_ordering_queue.busy_since is 'since when a claim could take nothing of the key, because somebody had the key or its next event locked'
--> statement-breakpoint
comment on column outbox_ordering_queue.accepted_sequence is 'sequence of the last event of the key that the event bus accepted'
--> statement-breakpoint
comment on column outbox_ordering_queue.first_sequence is 'no unfinished event of the key has a lower sequence, so that nobody walks past the finished ones'
--> statement-breakpoint
create index outbox_ordering_queue_due on outbox_ordering_queue (due_at, ordering_key) where due_at is not null
--> statement-breakpoint
create index outbox_ordering_queue_blocked on outbox_ordering_queue (blocked_at) where due_at is null
--> statement-breakpoint
create policy owner on outbox_ordering_keys to current_user using (true)
--> statement-breakpoint
create policy owner on outbox_ordering_queue to current_user using (true)
--> statement-breakpoint

-- The detail with the event's place. The names are the outbox's own, also where they say that there is none. Null is
-- the previous sequence of a key's first event. An event that was skipped has left the order, so it carries no place.
create function outbox_detail(
  id uuid, aggregate_id text, payload jsonb, ordering_key text, sequence bigint, previous_sequence bigint
) returns text language sql stable parallel safe
return case
  when ordering_key is null then outbox_detail(id, aggregate_id, payload)
  when sequence is null then cast(payload - 'sequence' - 'previousSequence'
    || jsonb_build_object('aggregateId', aggregate_id, 'eventId', id, 'orderingKey', ordering_key) as text)
  else cast(payload || jsonb_build_object('aggregateId', aggregate_id, 'eventId', id, 'orderingKey', ordering_key,
    'sequence', sequence, 'previousSequence', previous_sequence) as text)
end
