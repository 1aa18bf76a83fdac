-- The W3C trace context in which a producer wrote the event, for its consumers and as a link in the publisher's trace.
set local lock_timeout = '1s'
--> statement-breakpoint
alter table outbox_events add column traceparent text
--> statement-breakpoint
-- Version 00 of the W3C's Trace Context, with ids that are not zero. The next migration reads the rows that are there,
-- because producers would wait for that here.
alter table outbox_events add constraint traceparent_is_w3c_version_00
  check (traceparent ~ '^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$') not valid
--> statement-breakpoint
comment on column outbox_events.traceparent is 'W3C trace context of the producer, part of the detail'
--> statement-breakpoint

-- Triggers fire in the order of their names. This one comes before outbox_check_event, which measures the detail.
create function outbox_add_traceparent() returns trigger language plpgsql as $$
begin
  new.payload = new.payload || jsonb_build_object('traceparent', new.traceparent);
  return new;
end
$$
--> statement-breakpoint
create trigger outbox_add_traceparent before insert or update of payload on outbox_events
for each row when (new.traceparent is not null and jsonb_typeof(new.payload) = 'object')
execute function outbox_add_traceparent()
--> statement-breakpoint

-- As before, and with ordering_key and traceparent.
create or replace function outbox_grant_producer(role_name text) returns void language plpgsql
set search_path from current as $$
begin
  perform outbox_admit_role(role_name);
  execute format(
    'grant insert (id, aggregate_type, aggregate_id, event_type, payload, trace_header, due_at, ordering_key, traceparent), '
      || 'select (id) on outbox_events to %I',
    role_name);
  execute format('alter role %I in database %I set search_path = "$user", %I, public',
    role_name, current_database(), current_schema());
end
$$
--> statement-breakpoint
revoke execute on function outbox_add_traceparent() from public
