-- The outbox. An application inserts (aggregate_id, event_type, payload) in the transaction that changes its
-- own tables; everything else has a default. A row may be claimed exactly when due_at <= now().
--
-- Statements are separated by breakpoint lines, because the Data API takes one statement a call. There is no
-- colon in any migration, so that no parser of named parameters can stumble over one.
--
-- The migrator has set the search path to the one schema that all of this stands in. Functions carry that path
-- (from current) or have a body that is bound when they are created (return), so no caller's path matters.

-- The detail as EventBridge gets it, built here and never parsed again on its way, so that numbers and
-- Unicode arrive as PostgreSQL prints them.
create function outbox_detail(id uuid, aggregate_id text, payload jsonb) returns text
language sql stable parallel safe
return cast(payload || jsonb_build_object('aggregateId', aggregate_id, 'eventId', id) as text)
--> statement-breakpoint

-- JavaScript and PostgreSQL print a large double as an integer, and EventBridge refuses integers beyond int64.
-- One that has just the digits a double is printed with becomes a decimal, a double to every JSON reader. Null if
-- there is any other. A string is one token, so that digits in texts and keys stay as they are.
-- JavaScript and others print a number halfway between two doubles, such as 1e23, with fewer digits than PostgreSQL.
create function outbox_doubles_as_decimals(payload jsonb) returns jsonb
language sql stable parallel safe
set extra_float_digits = 1
return (
  select case when bool_and(written is not null) then cast(string_agg(written, '' order by position) as jsonb) end
  from regexp_matches(cast(payload as text), E'("([^"\\\\]|\\\\.)*"|[-.0-9]+|[^-".0-9]+)', 'g')
      with ordinality as tokens(token, position),
    lateral (select case
      when token[1] !~ '^-?[0-9]{19,}$' then token[1]
      when cast(token[1] as numeric) between -9223372036854775808 and 9223372036854775807 then token[1]
      when abs(cast(token[1] as numeric)) > 1.7976931348623157e308 then null
      when (
        select printed = token[1] or length(rtrim(token[1], '0')) < length(rtrim(printed, '0'))
        from (values (cast(cast(cast(cast(token[1] as double precision) as text) as numeric) as text))) as double(printed)
      ) then token[1] || '.0'
    end) as rewritten(written))
--> statement-breakpoint

-- Ids begin with the time (UUID version 7), because what is claimed and marked together then stands together in
-- the primary key, and an event does not touch, and log, pages of its own. Producers may bring any id. 52 and 53
-- are the bits that make a 7 of the 4. Defaults and constraints use built-in functions only, because a producer
-- may execute no others.
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
  payload jsonb not null,
  trace_header text,
  created_at timestamptz not null default now(),

  -- UTF-8 bytes of the detail in EventBridge, and of the same text as an escaped string in a run's state. Written by
  -- outbox_check_event.
  detail_bytes integer not null,
  state_bytes integer not null,

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
  -- Part of the detail, so the size of the event is its limit.
  constraint aggregate_id_is_not_empty
    check (aggregate_id <> ''),
  -- Part of no event, so nothing else limits it. 512 characters of any alphabet fit an index.
  constraint aggregate_type_is_1_to_512_characters
    check (char_length(aggregate_type) between 1 and 512),
  constraint event_type_is_1_to_128_characters
    check (char_length(event_type) between 1 and 128),
  constraint trace_header_is_at_most_500_characters
    check (char_length(trace_header) <= 500),
  constraint trace_header_is_not_empty
    check (trace_header <> ''),
  -- What JavaScript and EventBridge can tell as a time. One other row would fail every claim. As seconds, because
  -- a date would begin at another instant in every time zone, and a row that one session wrote be refused in the next.
  constraint created_at_is_between_1970_and_9999
    check (created_at between to_timestamp(0) and to_timestamp(253402214400)),
  -- Without them min(ready_at), which every run reads, could be infinite.
  constraint due_at_is_between_1970_and_9999
    check (due_at between to_timestamp(0) and to_timestamp(253402214400)),
  -- PutEvents takes 1,048,576 bytes a request. 14 are the time's, 256 are kept for the source.
  constraint event_fits_one_put_events_request
    check (detail_bytes + octet_length(event_type) + 14 + 256 <= 1048576),
  -- A target takes as much and gets more, the detail in its envelope. 512 are kept for all of that but the type,
  -- which is escaped there.
  constraint event_with_its_envelope_fits_1_mib
    check (detail_bytes + octet_length(cast(to_json(event_type) as text)) + 512 <= 1048576)
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
comment on column outbox_events.lease_token is 'the claim that leased the row last. Kept by outcomes, so that a repeated outcome knows itself'
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
create index outbox_events_processing on outbox_events (lease_token) where status = 'PROCESSING'
--> statement-breakpoint
create index outbox_events_failed on outbox_events (failed_at) where status = 'FAILED'
--> statement-breakpoint
create index outbox_events_redriven on outbox_events (redrive_id) where redrive_id is not null
--> statement-breakpoint
-- The only index that grows with the history, for the purge that shortens it.
create index outbox_events_purgeable on outbox_events (processed_at) where status = 'PROCESSED'
--> statement-breakpoint

-- What a constraint of the table cannot check. It would be checked on every later update of the row too, and claiming
-- and marking must not read the payload again. Refuses as a constraint does, with a name. With its owner's rights, so
-- that a producer needs none on the functions it calls.
create function outbox_check_event() returns trigger language plpgsql
security definer set search_path from current
as $$
declare
  detail text;
  refused text;
  remedy text;
begin
  if new.payload is null then
    return new; -- refused as null
  end if;
  if jsonb_typeof(new.payload) <> 'object' then
    refused = 'payload_is_a_json_object';
    remedy = 'Put it under a key.';
  elsif jsonb_path_exists(new.payload, 'strict $.**{1000} ? (@.type() == "object" || @.type() == "array")') then
    refused = 'payload_nests_at_most_1000_levels';
    remedy = 'Write what is nested deeper as a text.';
  else
    detail = outbox_detail(new.id, new.aggregate_id, new.payload);
    -- The text test keeps the usual payload away from the walk, and the walk keeps it away from the rewriting.
    if detail ~ '[0-9]{19}'
      and jsonb_path_exists(new.payload, 'strict $.** ? (@ > 9223372036854775807 || @ < -9223372036854775808)')
    then
      new.payload = outbox_doubles_as_decimals(new.payload);
      if new.payload is null then
        refused = 'payload_integers_fit_int64';
        remedy = 'Write a longer integer as a text.';
      end if;
      detail = outbox_detail(new.id, new.aggregate_id, new.payload);
    end if;
  end if;
  if refused is not null then
    raise exception 'new row for relation "%" violates check constraint "%"', tg_table_name, refused
      using errcode = 'check_violation', constraint = refused, column = 'payload', table = tg_table_name,
        schema = tg_table_schema, hint = remedy;
  end if;
  new.detail_bytes = octet_length(detail);
  new.state_bytes = octet_length(replace(replace(detail, E'\\', E'\\\\'), '"', E'\\"'));
  return new;
end
$$
--> statement-breakpoint
create trigger outbox_check_event before insert or update of id, aggregate_id, payload on outbox_events
for each row execute function outbox_check_event()
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

-- Row security is off. Should it be switched on for every table, and forced on the owners, each party of the outbox
-- has a policy of its own, and what it may do is still decided by its grants.
create policy owner on outbox_events to current_user using (true)
--> statement-breakpoint
create policy owner on outbox_migrations to current_user using (true)
--> statement-breakpoint

-- A table that was never analyzed makes the planner sort the whole backlog for one claim.
analyze outbox_events
