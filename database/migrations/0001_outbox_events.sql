-- The outbox. An application inserts (aggregate_id, event_type, payload) in the transaction that changes its
-- own tables; everything else has a default. A row may be claimed exactly when due_at <= now().
--
-- Statements are separated by breakpoint lines, because the Data API takes one statement a call. There is no
-- colon in any migration, so that no parser of named parameters can stumble over one.

-- EventBridge refuses integers beyond int64. Integers are told from decimals by their scale, because 1.0 is
-- a decimal to every JSON reader. The text test first keeps the usual payload away from the walk.
create function outbox_integers_fit_int64(payload jsonb) returns boolean
language sql immutable parallel safe as $$
  select cast(payload as text) !~ '[0-9]{19}' or not exists (
    select from jsonb_path_query(payload, 'strict $.** ? (@.type() == "number")') as n(value)
    where scale(cast(n.value as numeric)) = 0
      and cast(n.value as numeric) not between -9223372036854775808 and 9223372036854775807)
$$
--> statement-breakpoint

-- A domain is checked when a payload is written, a table constraint on every later update of the row too, and
-- claiming and marking must not read the payload again.
create domain outbox_payload as jsonb
  constraint payload_is_a_json_object check (jsonb_typeof(value) = 'object')
  constraint payload_integers_fit_int64 check (outbox_integers_fit_int64(value))
--> statement-breakpoint

-- The detail as EventBridge gets it, built here and never parsed again on its way, so that numbers and
-- Unicode arrive as PostgreSQL prints them. Immutable in fact, since a text and a uuid print in one way only.
create function outbox_detail(id uuid, aggregate_id text, payload jsonb) returns text
language sql immutable parallel safe as $$
  select cast(payload || jsonb_build_object('aggregateId', aggregate_id, 'eventId', id) as text)
$$
--> statement-breakpoint

-- Ids begin with the time (UUID version 7), because what is claimed and marked together then stands together in
-- the primary key, and an event does not touch, and log, pages of its own. Producers may bring any id. Built-ins
-- alone, so that a producer needs no further grant. 52 and 53 are the bits that make a 7 of the 4.
create table outbox_events (
  id uuid primary key default cast(encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid()) placing
        substring(int8send(cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)) from 3)
        from 1 for 6),
      52, 1), 53, 1), 'hex') as uuid),
  sequence bigint generated always as identity,
  aggregate_type text,
  aggregate_id text not null,
  event_type text not null,
  payload outbox_payload not null,
  trace_header text,
  created_at timestamptz not null default now(),

  -- UTF-8 bytes of the detail in EventBridge, and of the same text as an escaped string in a run's state.
  detail_bytes integer not null generated always as (
    octet_length(outbox_detail(id, aggregate_id, payload))) stored,
  state_bytes integer not null generated always as (
    octet_length(replace(replace(outbox_detail(id, aggregate_id, payload), '\', '\\'), '"', '\"'))) stored,

  status text not null default 'PENDING',
  due_at timestamptz default now(),
  ready_at timestamptz not null default now(),
  attempts integer not null default 0,
  lease_token uuid,
  run_id text,
  last_error_type text,
  last_error text,
  event_bridge_id text,
  redrive_id text,
  redrives integer not null default 0,
  processed_at timestamptz,
  failed_at timestamptz,
  given_back_since timestamptz,

  constraint status_is_pending_processing_processed_or_failed
    check (status in ('PENDING', 'PROCESSING', 'PROCESSED', 'FAILED')),
  constraint due_exactly_while_unfinished
    check ((due_at is not null) = (status in ('PENDING', 'PROCESSING'))),
  constraint processing_needs_a_lease_token
    check (status <> 'PROCESSING' or lease_token is not null),
  constraint processed_at_exactly_when_processed
    check ((processed_at is not null) = (status = 'PROCESSED')),
  constraint failed_at_exactly_when_failed
    check ((failed_at is not null) = (status = 'FAILED')),
  constraint event_type_is_1_to_128_characters
    check (char_length(event_type) between 1 and 128),
  -- What JavaScript and EventBridge can tell as a time. One other row would fail every claim.
  constraint created_at_is_between_1970_and_9999
    check (created_at between date '1970-01-01' and date '9999-12-31'),
  -- Without them min(ready_at), which every run reads, could be infinite.
  constraint due_at_is_between_1970_and_9999
    check (due_at between date '1970-01-01' and date '9999-12-31'),
  constraint trace_header_is_at_most_500_characters
    check (char_length(trace_header) <= 500),
  -- PutEvents takes 1,048,576 bytes a request. 14 are the time's, 256 are kept for the source.
  constraint event_fits_one_put_events_request
    check (detail_bytes + octet_length(event_type) + 14 + 256 <= 1048576)
)
-- Every claim walks past the dead entries that claims before it left at the head of the index, until a vacuum
-- removes them. The usual fifth of the table is a fifth of the whole history, so it comes earlier here, and fast.
with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)
--> statement-breakpoint

comment on column outbox_events.due_at is 'when the row may be claimed, null once it is finished. A producer may set it to delay an event'
--> statement-breakpoint
comment on column outbox_events.ready_at is 'when the event could first be published, lag is measured from here. Never changes'
--> statement-breakpoint
comment on column outbox_events.attempts is 'counted when the row is claimed, so that a crash counts too'
--> statement-breakpoint
comment on column outbox_events.given_back_since is 'when the first of an unbroken series of outages gave the event back without an attempt, null when none did'
--> statement-breakpoint
comment on column outbox_events.lease_token is 'the claim that held the row last. Kept by outcomes, so that a repeated outcome knows itself'
--> statement-breakpoint
comment on column outbox_events.redrive_id is 'ARN of the redrive that made the row due again last'
--> statement-breakpoint
comment on column outbox_events.redrives is 'how often a person gave the event a second chance, attempts start anew each time'
--> statement-breakpoint
comment on column outbox_events.run_id is 'ARN of the execution that claimed the row last'
--> statement-breakpoint

-- Every poll reads this index alone, and its size follows the backlog, never the history.
create index outbox_events_due on outbox_events (due_at, sequence) where due_at is not null
--> statement-breakpoint
-- The age of the oldest unfinished event, which due_at cannot tell in an outage. Its condition is a third way to
-- say unfinished, so that no question about due_at or the status can be answered by reading all of this index.
create index outbox_events_unfinished on outbox_events (ready_at) where processed_at is null and failed_at is null
--> statement-breakpoint
create index outbox_events_held on outbox_events (lease_token) where status = 'PROCESSING'
--> statement-breakpoint
create index outbox_events_parked on outbox_events (failed_at) where status = 'FAILED'
--> statement-breakpoint
create index outbox_events_redriven on outbox_events (redrive_id) where redrive_id is not null
--> statement-breakpoint
-- The only index that grows with the history, for the purge that shortens it.
create index outbox_events_purgeable on outbox_events (processed_at) where status = 'PROCESSED'
--> statement-breakpoint

-- A producer that delays an event writes due_at alone, and a delayed event must not count as lag.
create function outbox_ready_when_due() returns trigger language plpgsql as $$
begin
  new.ready_at = new.due_at;
  return new;
end
$$
--> statement-breakpoint
create trigger outbox_ready_when_due before insert on outbox_events
for each row when (new.due_at <> new.ready_at) execute function outbox_ready_when_due()
--> statement-breakpoint

-- A table that was never analyzed makes the planner sort the whole backlog for one claim.
analyze outbox_events
