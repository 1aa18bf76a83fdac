-- What gives an event its place, and wakes its key. All of it in one migration, because each part needs the others.
--
-- The statements that lock outbox_events come last, because producers wait from the first of them until the commit. If
-- somebody's long transaction is in the way, the migration gives up after a second, so that producers do not queue up
-- behind it, and is tried again.
set local lock_timeout = '1s'
--> statement-breakpoint

-- As before, and with room for the place of an ordered event. Its sequence is drawn after this, and what comes before
-- it is known when it is claimed, so both count with their longest. An event without a key must not carry the place of
-- another one, such as that of an event which its producer has received and passes on. Consumers would believe it.
create or replace function outbox_check_event() returns trigger language plpgsql
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
  elsif new.ordering_key is null and new.payload ?& array['orderingKey', 'sequence', 'previousSequence'] then
    refused = 'payload_has_no_place_without_an_ordering_key';
    remedy = 'Set ordering_key, or leave out orderingKey, sequence and previousSequence.';
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
  if new.ordering_key is not null then
    detail = outbox_detail(new.id, new.aggregate_id, new.payload, new.ordering_key,
      9223372036854775807, 9223372036854775807);
  end if;
  new.detail_bytes = octet_length(detail);
  new.state_bytes = octet_length(replace(replace(detail, E'\\', E'\\\\'), '"', E'\\"'));
  return new;
end
$$
--> statement-breakpoint

-- Locks the event's key until the producer commits, so that producers of one key take turns, and draws the sequence
-- under this lock, so that sequences follow the order of commits. While the key is queued, this is a lock and no new
-- row version. With its owner's rights, so that a producer needs none on the two tables. A session keeps the plan, so one
-- that was made while there were hardly any keys must not read all of them for every event when there are many.
create function outbox_take_place() returns trigger language plpgsql
security definer set search_path from current set enable_seqscan = off
as $$
declare
  is_queued boolean;
  accepted bigint;
begin
  if char_length(new.ordering_key) not between 1 and 128 then
    return new; -- refused by the table
  end if;
  loop
    select k.queued, k.last_sequence into is_queued, accepted from outbox_ordering_keys k
    where k.ordering_key = new.ordering_key for no key update;
    exit when found;
    insert into outbox_ordering_keys (ordering_key, queued) values (new.ordering_key, false) on conflict do nothing;
  end loop;
  new.sequence = nextval('outbox_events_sequence_seq');
  if not is_queued then
    update outbox_ordering_keys k set queued = true where k.ordering_key = new.ordering_key;
    -- Not later than now, also for a delayed event, because it may never get in (on conflict do nothing), and others
    -- may follow.
    insert into outbox_ordering_queue (ordering_key, due_at, accepted_sequence, first_sequence)
    values (new.ordering_key, least(new.due_at, now()), accepted, new.sequence);
  end if;
  return new;
end
$$
--> statement-breakpoint

-- Something about these keys has changed, so a claim must look at them. `accepted` are sequences that the event bus
-- accepted, or null, one for each key; a key may be named more than once. This waits for a claim that is looking at one
-- of the keys, because that claim may have looked too early, and nobody else holds these rows for long. The lock has no
-- condition, because it would be checked against the row that the claim is about to replace. One order of locks, so
-- that two calls cannot deadlock.
create function outbox_wake_keys(keys text[], accepted bigint[]) returns void language plpgsql
set search_path from current set enable_seqscan = off
as $$
begin
  perform from outbox_ordering_queue q where q.ordering_key = any (keys) order by q.ordering_key for update;
  update outbox_ordering_queue q
  set due_at = least(q.due_at, now()), blocked_at = null, busy_since = null,
    accepted_sequence = greatest(q.accepted_sequence, w.accepted_sequence)
  from (
    select k as ordering_key, max(a) as accepted_sequence from unnest(keys, accepted) as u(k, a) group by k) as w
  where q.ordering_key = w.ordering_key
    and (q.due_at is null or q.due_at > now() or w.accepted_sequence > coalesce(q.accepted_sequence, 0));
end
$$
--> statement-breakpoint

-- Whatever takes an event out of its key's way, other than an outcome, wakes the key. A redrive, a skip, a deletion or an
-- earlier due_at, also by the handlers of an older release, and by a person's own statement. Deferred to the commit,
-- because outcomes wait for the key, and a person's transaction may stay open for long.
create function outbox_wake_key() returns trigger language plpgsql
security definer set search_path from current
as $$
begin
  if tg_op = 'TRUNCATE' then
    update outbox_ordering_queue set due_at = now(), blocked_at = null, busy_since = null;
  else
    perform outbox_wake_keys(array[old.ordering_key], array[cast(null as bigint)]);
  end if;
  return null;
end
$$
--> statement-breakpoint

-- An event that got a key later would have no place in it, and no claim would look for it.
create function outbox_keep_ordering_key() returns trigger language plpgsql as $$
begin
  raise exception 'the ordering key of an event never changes' using errcode = 'check_violation',
    constraint = 'ordering_key_never_changes', column = 'ordering_key', table = tg_table_name, schema = tg_table_schema,
    hint = 'Delete the event and insert it again with the other key.';
end
$$
--> statement-breakpoint

-- An event that was finished or skipped, and that a statement puts back into the order, may be older than all that the
-- queue knows of.
create function outbox_return_to_order() returns trigger language plpgsql
security definer set search_path from current
as $$
begin
  insert into outbox_ordering_keys (ordering_key, queued) values (new.ordering_key, true)
  on conflict (ordering_key) do update set queued = true;
  insert into outbox_ordering_queue as q (ordering_key, due_at, accepted_sequence, first_sequence)
  select k.ordering_key, now(), k.last_sequence, new.sequence
  from outbox_ordering_keys k where k.ordering_key = new.ordering_key
  on conflict (ordering_key) do update
  set due_at = now(), blocked_at = null, busy_since = null, first_sequence = least(q.first_sequence, new.sequence);
  return null;
end
$$
--> statement-breakpoint

-- Old rows have no key, so only new ones need the checks now. A later migration confirms them for all.
alter table outbox_events
  add column ordering_key text collate "C",
  add column previous_sequence bigint,
  add column skipped_at timestamptz,
  add column skipped_by text,
  add column skip_reason text,
  add constraint ordering_key_is_1_to_128_characters
    check (char_length(ordering_key) between 1 and 128) not valid,
  add constraint skip_reason_only_when_skipped_by_somebody
    check ((skipped_by is null or skipped_at is not null) and (skip_reason is null or skipped_by is not null)) not valid
--> statement-breakpoint
comment on column outbox_events.ordering_key is 'events of one key are published in the order of their commits, null is without order'
--> statement-breakpoint
comment on column outbox_events.previous_sequence is 'set by the claim, the last event of the key that the event bus accepted before this one'
--> statement-breakpoint
comment on column outbox_events.skipped_at is 'when the event left the order of its key for good, so that the others pass. A redrive publishes it like one without a key'
--> statement-breakpoint
comment on column outbox_events.skipped_by is 'who skipped the event, null when the setting orderingOnFailure did'
--> statement-breakpoint
create trigger outbox_take_place before insert on outbox_events
for each row when (new.ordering_key is not null) execute function outbox_take_place()
--> statement-breakpoint
create constraint trigger outbox_wake_key_of_failed after update of failed_at, skipped_at on outbox_events
deferrable initially deferred for each row
when (old.ordering_key is not null and old.skipped_at is null and old.failed_at is not null)
execute function outbox_wake_key()
--> statement-breakpoint
-- Outcomes keep the token of the lease, and wake by themselves.
create constraint trigger outbox_wake_key_of_hurried after update of due_at on outbox_events
deferrable initially deferred for each row
when (old.ordering_key is not null and old.skipped_at is null and (
  (new.due_at < old.due_at and (new.status = old.status or new.lease_token is null))
  or (old.status = 'PENDING' and new.status = 'PROCESSED')))
execute function outbox_wake_key()
--> statement-breakpoint
create constraint trigger outbox_wake_key_of_deleted after delete on outbox_events
deferrable initially deferred for each row
when (old.ordering_key is not null and old.skipped_at is null and old.processed_at is null)
execute function outbox_wake_key()
--> statement-breakpoint
create trigger outbox_keep_ordering_key before update of ordering_key on outbox_events
for each row when (new.ordering_key is distinct from old.ordering_key) execute function outbox_keep_ordering_key()
--> statement-breakpoint
create constraint trigger outbox_return_to_order after update of processed_at, skipped_at on outbox_events
deferrable initially deferred for each row
when (new.ordering_key is not null and new.processed_at is null and new.skipped_at is null
  and (old.processed_at is not null or old.skipped_at is not null))
execute function outbox_return_to_order()
--> statement-breakpoint
create trigger outbox_wake_keys_of_truncated after truncate on outbox_events
for each statement execute function outbox_wake_key()
--> statement-breakpoint
-- A later migration builds an index of the old name without the ordered events, which a claim must not walk past.
alter index outbox_events_due rename to outbox_events_due_of_all
--> statement-breakpoint

analyze outbox_ordering_keys, outbox_ordering_queue
