-- As before, and with ordered events, which are due when their key is. How many keys are looked at is bounded too,
-- because a key may have nothing left. Without ordered events it costs what it did.
create or replace function outbox_count(what text) returns bigint language plpgsql stable
set search_path from current
set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
declare
  found bigint;
  front constant timestamptz =
    case when what in ('pending', 'due', 'due later', 'processing') then outbox_front('due_events') end;
  keys_front timestamptz;
begin
  case what
    when 'pending' then found = (select count(*) from (
      select from outbox_events
      where due_at >= front and (ordering_key is null or skipped_at is not null) and status = 'PENDING' limit 1000) as pending);
    when 'due' then found = (select count(*) from (
      select from outbox_events
      where due_at between front and now() and (ordering_key is null or skipped_at is not null) limit 1000) as due);
    when 'due later' then found = (select count(*) from (
      select from outbox_events
      where due_at > now() and (ordering_key is null or skipped_at is not null) and status = 'PENDING' limit 1000) as due_later);
    when 'processing' then
      if front = '-infinity' then
        return (select count(*) from (select from outbox_events where status = 'PROCESSING' limit 1000) as processing);
      end if;
      found = (select count(*) from (
        select from outbox_events
        where due_at >= front and (ordering_key is null or skipped_at is not null) and status = 'PROCESSING'
        order by due_at, sequence limit 1000) as processing);
    when 'failed' then return (select count(*) from (
      select from outbox_events where status = 'FAILED' limit 1000) as failed);
    -- The newest, because a purge may have left dead entries of the oldest.
    when 'processed' then return (select count(*) from (
      select from outbox_events where status = 'PROCESSED' order by processed_at desc limit 1000) as processed);
    when 'blocked keys' then found = (select count(*) from (
      select from outbox_ordering_queue where due_at is null limit 1000) as blocked);
  end case;
  keys_front = outbox_front('due_keys');
  if found = 1000 or not exists (select from outbox_ordering_queue where due_at >= keys_front)
    and not exists (select from outbox_ordering_queue where due_at is null)
  then
    return found;
  end if;
  -- A key whose event has just failed is due until a claim looks at it.
  if what = 'blocked keys' then
    return least(1000, found + (select count(*)
      from (
          select ordering_key, first_sequence from outbox_ordering_queue
          where due_at between keys_front and now() order by due_at desc limit 1000) as key,
        lateral (
          select status from outbox_events e
          where e.ordering_key = key.ordering_key and e.sequence >= key.first_sequence
            and e.processed_at is null and e.skipped_at is null
          order by e.sequence limit 1) as event
      where event.status = 'FAILED'));
  end if;
  return least(1000, found + (select count(*) from (
    select
    from (
        select ordering_key, first_sequence from outbox_ordering_queue
        where due_at >= case what when 'due later' then now() + interval '1 microsecond' else keys_front end
          and due_at <= case what when 'due' then now() else 'infinity' end
        union all
        select ordering_key, first_sequence from outbox_ordering_queue where due_at is null and what <> 'due'
        limit 10000) as key,
      lateral (
        select due_at, status from outbox_events e
        where e.ordering_key = key.ordering_key and e.sequence >= key.first_sequence
          and e.processed_at is null and e.skipped_at is null
        order by e.sequence limit 1000) as event
    where case what
      when 'due' then event.due_at <= now() when 'processing' then event.status = 'PROCESSING' else event.status = 'PENDING' end
    limit 1000) as ordered));
end
$$
--> statement-breakpoint
-- Since the oldest unfinished event could first be published. With many dead rows, among the first 1,000 and the first
-- ones of 1,000 keys, because the index of what is unfinished would be walked past all of them.
create function outbox_lag(front timestamptz) returns interval language plpgsql stable
set search_path from current
set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
declare
  keys_front timestamptz;
begin
  if front = '-infinity' then
    return (select now() - min(ready_at) from outbox_events where processed_at is null and failed_at is null);
  end if;
  keys_front = outbox_front('due_keys');
  return now() - least(
    (select min(ready_at) from (
      select ready_at from outbox_events where due_at >= front and (ordering_key is null or skipped_at is not null)
      order by due_at, sequence limit 1000) as unordered),
    (select min(event.ready_at)
    from (
        (select ordering_key, first_sequence from outbox_ordering_queue where due_at >= keys_front limit 1000)
        union all
        (select ordering_key, first_sequence from outbox_ordering_queue where due_at is null limit 1000)) as key,
      lateral (
        select ready_at from outbox_events e
        where e.ordering_key = key.ordering_key and e.sequence >= key.first_sequence
          and e.processed_at is null and e.skipped_at is null and e.failed_at is null
        order by e.sequence limit 1) as event));
end
$$
--> statement-breakpoint
create or replace view outbox_backlog as
select
  outbox_count('pending') as pending,
  outbox_count('due') as due,
  outbox_count('due later') as due_later,
  outbox_count('processing') as processing,
  outbox_count('failed') as failed,
  outbox_count('processed') as processed,
  cast(greatest(0, coalesce(extract(epoch from outbox_lag(outbox_front('due_events'))), 0)) as double precision) as lag_seconds,
  (select max(processed_at) from outbox_events where status = 'PROCESSED') as last_processed_at,
  outbox_count('blocked keys') as blocked_keys
--> statement-breakpoint
comment on column outbox_backlog.due is 'what claims would take now, events included whose lease has run out'
--> statement-breakpoint
comment on column outbox_backlog.due_later is 'the pending ones that are delayed by their producer, in backoff, or wait for an earlier event of their key'
--> statement-breakpoint
comment on column outbox_backlog.blocked_keys is 'ordering keys whose first unfinished event has failed, so that the others wait'
--> statement-breakpoint

-- As before, and what ordered events need.
create or replace function outbox_grant_processor(role_name text) returns void language plpgsql
set search_path from current as $$
declare
  granted text;
  beside text;
  setting text;
begin
  perform outbox_admit_role(role_name);
  execute format('grant select, update, delete on outbox_events to %I', role_name);
  execute format('grant select on outbox_backlog to %I', role_name);
  execute format('grant select, update, delete on outbox_ordering_keys to %I', role_name);
  execute format('grant select, update, delete on outbox_ordering_queue to %I', role_name);
  execute format('grant select, update on outbox_due_events_front, outbox_due_events_swept, outbox_due_keys_front, '
    || 'outbox_due_keys_swept, outbox_purgeable_front, outbox_purgeable_swept to %I', role_name);
  -- By full signature, so that a later migration may add a function of the same name beside one that is still called.
  foreach granted in array array[
    'outbox_detail(uuid, text, jsonb)',
    'outbox_detail(uuid, text, jsonb, text, bigint, bigint)',
    'outbox_backoff(integer, integer, integer)',
    'outbox_claimed_bytes(text, text, text)',
    'outbox_pick_events(integer, integer, integer, integer, integer, timestamptz, bigint)',
    'outbox_pick_ordered_events(integer, integer, integer, integer, boolean, timestamptz, integer, integer, timestamptz)',
    'claim_outbox_events(uuid, text, integer, integer, integer, integer, integer, timestamptz, timestamptz)',
    'claim_outbox_events(uuid, text, integer, integer, integer, integer, integer, timestamptz, timestamptz, integer, boolean)',
    'outbox_wake_keys(text[], bigint[])',
    'outbox_microseconds(timestamptz)',
    'outbox_instant(regclass)',
    'outbox_oldest(text, timestamptz, timestamptz)',
    'outbox_front(text)',
    'outbox_oldest_writer(name)',
    'outbox_look_below(text, timestamptz)',
    'outbox_count(text)',
    'outbox_lag(timestamptz)',
    'outbox_oldest_snapshots(integer)'
  ] loop
    execute format('grant execute on function %s to %I', granted, role_name);
  end loop;
  -- For the operator, who signs in as this role, asks which migrations were applied, and pauses the outbox.
  execute format('grant select on outbox_migrations to %I', role_name);
  execute format('grant select, update (paused_at, paused_by, pause_reason) on outbox_installation to %I', role_name);
  foreach beside in array
    array['outbox_migrations', 'outbox_installation', 'outbox_ordering_keys', 'outbox_ordering_queue']
  loop
    if not exists (select from pg_policy where polrelid = cast(beside as regclass) and polname = role_name) then
      execute format('create policy %I on %I to %I using (true)', role_name, beside, role_name);
    end if;
  end loop;
  foreach setting in array array[
    format('search_path = %I, pg_temp', current_schema()),
    'default_transaction_isolation = ''read committed''',
    'default_transaction_read_only = off',
    'statement_timeout = ''2s'''
  ] loop
    execute format('alter role %I in database %I set %s', role_name, current_database(), setting);
  end loop;
end
$$
--> statement-breakpoint
create or replace function outbox_grant_operator(role_name text) returns void language plpgsql
set search_path from current as $$
declare
  readable text;
  setting text;
begin
  perform outbox_admit_role(role_name);
  foreach readable in array array['outbox_events', 'outbox_backlog', 'outbox_migrations', 'outbox_installation',
    'outbox_ordering_keys', 'outbox_ordering_queue']
  loop
    execute format('grant select on %I to %I', readable, role_name);
  end loop;
  execute format('grant select on outbox_due_events_front, outbox_due_keys_front to %I', role_name);
  execute format('grant execute on function outbox_count(text), outbox_lag(timestamptz), outbox_oldest_snapshots(integer), outbox_front(text), outbox_oldest_writer(name), outbox_instant(regclass), '
    || 'outbox_oldest(text, timestamptz, timestamptz), outbox_detail(uuid, text, jsonb), '
    || 'outbox_detail(uuid, text, jsonb, text, bigint, bigint) to %I', role_name);
  foreach readable in array
    array['outbox_migrations', 'outbox_installation', 'outbox_ordering_keys', 'outbox_ordering_queue']
  loop
    if not exists (select from pg_policy where polrelid = cast(readable as regclass) and polname = role_name) then
      execute format('create policy %I on %I for select to %I using (true)', role_name, readable, role_name);
    end if;
  end loop;
  foreach setting in array array[
    format('search_path = %I, pg_temp', current_schema()),
    'default_transaction_read_only = on',
    'statement_timeout = ''10s'''
  ] loop
    execute format('alter role %I in database %I set %s', role_name, current_database(), setting);
  end loop;
end
$$
--> statement-breakpoint
revoke execute on function
  outbox_detail(uuid, text, jsonb, text, bigint, bigint),
  outbox_take_place(), outbox_return_to_order(), outbox_wake_keys(text[], bigint[]), outbox_wake_key(),
  outbox_keep_ordering_key(),
  outbox_claimed_bytes(text, text, text),
  outbox_microseconds(timestamptz), outbox_instant(regclass), outbox_oldest(text, timestamptz, timestamptz),
  outbox_front(text), outbox_oldest_writer(name), outbox_look_below(text, timestamptz), outbox_lag(timestamptz), outbox_oldest_snapshots(integer),
  outbox_pick_events(integer, integer, integer, integer, integer, timestamptz, bigint),
  outbox_pick_ordered_events(integer, integer, integer, integer, boolean, timestamptz, integer, integer, timestamptz),
  claim_outbox_events(uuid, text, integer, integer, integer, integer, integer, timestamptz, timestamptz, integer, boolean)
from public
