-- Where looks at an index begin while somebody holds an old snapshot. Until that session ends, no vacuum removes a dead
-- entry, and a look at what is due would walk past all of them, because they are the oldest ones. So the looks remember
-- how far nothing is left, the front, and begin there. That is a hint and not the truth. A transaction that stayed open
-- for long may commit an event below it, and so may a restored dump, or a person. So while there are few dead rows,
-- nobody uses it, and while there are many, some time goes into looking below it too, a slice at a time.
--
-- Of events without an order by due_at, of keys by due_at, and of processed events by processed_at. Microseconds since
-- 1970. Sequences, because a table that is written at every claim would soon be full of dead rows of its own, and because
-- what was seen stays seen when the claim that saw it is rolled back.
create sequence outbox_due_events_front minvalue 0 start 0
--> statement-breakpoint
create sequence outbox_due_events_swept minvalue 0 start 0
--> statement-breakpoint
create sequence outbox_due_keys_front minvalue 0 start 0
--> statement-breakpoint
create sequence outbox_due_keys_swept minvalue 0 start 0
--> statement-breakpoint
create sequence outbox_purgeable_front minvalue 0 start 0
--> statement-breakpoint
create sequence outbox_purgeable_swept minvalue 0 start 0
--> statement-breakpoint
create function outbox_microseconds(instant timestamptz) returns bigint language sql stable parallel safe
return case when instant > timestamptz 'epoch' then cast(extract(epoch from instant) * 1000000 as bigint) else 0 end
--> statement-breakpoint
create function outbox_instant(sequence regclass) returns timestamptz language sql volatile
return timestamptz 'epoch' + coalesce(pg_sequence_last_value(sequence), 0) * interval '1 microsecond'
--> statement-breakpoint
select
  setval('outbox_due_events_front', outbox_microseconds(coalesce(min(due_at), now()))),
  setval('outbox_due_keys_front', outbox_microseconds(now())),
  setval('outbox_purgeable_front', outbox_microseconds(coalesce(min(processed_at), now())))
from outbox_events
--> statement-breakpoint

-- The oldest of a kind between two instants, both included.
create function outbox_oldest(kind text, from_instant timestamptz, to_instant timestamptz) returns timestamptz
language plpgsql
set search_path from current set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
  case kind
    when 'due_events' then return (
      select e.due_at from outbox_events e
      where e.due_at between from_instant and to_instant and (e.ordering_key is null or e.skipped_at is not null)
      order by e.due_at, e.sequence limit 1);
    when 'due_keys' then return (
      select q.due_at from outbox_ordering_queue q
      where q.due_at between from_instant and to_instant order by q.due_at, q.ordering_key limit 1);
    when 'purgeable' then return (
      select e.processed_at from outbox_events e
      where e.status = 'PROCESSED' and e.processed_at between from_instant and to_instant order by e.processed_at limit 1);
  end case;
end
$$
--> statement-breakpoint

-- When the oldest transaction that has written anything began, because its events are due from then on and are not yet
-- committed. With its owner's rights, because only members of pg_read_all_stats may see when a transaction of another
-- user began. If the owner is none, null.
create function outbox_oldest_writer(of_database name) returns timestamptz language sql stable security definer
set search_path from current
return (select min(a.xact_start) from pg_stat_activity a
  where a.datname = of_database and a.backend_xid is not null and a.pid <> pg_backend_pid())
--> statement-breakpoint

-- Where to begin. Goes on from where the last call ended, up to the oldest live row, in slices that grow where there is
-- nothing. When its time is up, only what is new is looked at, and the next call goes on.
create function outbox_front(kind text) returns timestamptz language plpgsql
set search_path from current
as $$
declare
  -- To walk past so many takes a few milliseconds.
  few_dead_rows constant integer = 50000;
  newest timestamptz = now() - interval '2 s';
  began constant timestamptz = clock_timestamp();
  sequence constant regclass = cast('outbox_' || kind || '_front' as regclass);
  remembered timestamptz = outbox_instant(sequence);
  -- A purge delays nobody, and what is new is not for it.
  is_purge constant boolean = kind = 'purgeable';
  max_time constant interval = case when is_purge then interval '0.5 s' else interval '0.02 s' end;
  are_few constant boolean = few_dead_rows > pg_stat_get_dead_tuples(cast(
    case kind when 'due_keys' then 'outbox_ordering_queue' else 'outbox_events' end as regclass));
  front timestamptz;
  step interval = '1 s';
  oldest timestamptz;
  slice_began timestamptz;
begin
  if are_few and remembered > now() - interval '1 min' then
    return '-infinity';
  end if;
  if is_purge and not are_few then
    perform outbox_look_below(kind, remembered);
    remembered = outbox_instant(sequence);
  end if;
  if not is_purge then
    -- Not past what an open transaction will commit. One that stays open for longer must not hold the front too.
    newest = least(newest, greatest(coalesce(outbox_oldest_writer(current_database()), now()), now() - interval '10 min'));
  end if;
  front = remembered;
  if are_few then
    oldest = outbox_oldest(kind, '-infinity', newest);
    front = coalesce(oldest, newest);
  end if;
  while not are_few and oldest is null and front < newest and clock_timestamp() < began + max_time loop
    slice_began = clock_timestamp();
    oldest = outbox_oldest(kind, front, least(front + step, newest));
    front = coalesce(oldest, least(front + step, newest));
    step = case when clock_timestamp() < slice_began + interval '3 ms' then step * 8 else '1 s' end;
  end loop;
  if front <> remembered and current_setting('transaction_read_only') = 'off' then
    perform setval(sequence, outbox_microseconds(front));
  end if;
  return case when are_few then '-infinity' when oldest is null and not is_purge then newest else front end;
end
$$
--> statement-breakpoint

-- Looks below the front, and makes what is due there due again now, so that it stands above it. For what may be purged
-- it moves the front. Half of the time is for what is just below, because most of what comes late is not very late. In
-- the other half it goes on down from where the last call ended. In slices that grow where there is little. A slice is
-- noted before it is looked at, so that one that takes too long fails one call and not the next one too.
create function outbox_look_below(kind text, front timestamptz) returns void language plpgsql
set search_path from current set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
  began constant timestamptz = clock_timestamp();
  max_time constant interval = case when kind = 'purgeable' then interval '0.5 s' else interval '0.01 s' end;
  sequence constant regclass = cast('outbox_' || kind || '_swept' as regclass);
  swept timestamptz = outbox_instant(sequence);
  upper_end timestamptz = front;
  lower_end timestamptz;
  step interval = '1 s';
  slice_began timestamptz = began;
  oldest timestamptz;
begin
  if swept = timestamptz 'epoch' then
    swept = front;
  end if;
  while upper_end > '-infinity' and slice_began < began + max_time loop
    if slice_began > began + max_time / 2 then
      upper_end = least(upper_end, swept);
    end if;
    lower_end = case when upper_end - step > timestamptz 'epoch' then upper_end - step else '-infinity' end;
    if upper_end <= swept then
      swept = lower_end;
      perform setval(sequence, outbox_microseconds(swept));
    end if;
    oldest = outbox_oldest(kind, lower_end, upper_end);
    if oldest < upper_end then
      case kind
        when 'due_events' then
          update outbox_events set due_at = now()
          where ctid = any (array(
            select e.ctid from outbox_events e
            where e.due_at >= oldest and e.due_at < upper_end and (e.ordering_key is null or e.skipped_at is not null)
            order by e.due_at, e.sequence limit 1000 for update skip locked));
        when 'due_keys' then
          update outbox_ordering_queue set due_at = now()
          where ctid = any (array(
            select q.ctid from outbox_ordering_queue q where q.due_at >= oldest and q.due_at < upper_end
            order by q.due_at, q.ordering_key limit 1000 for update skip locked));
        when 'purgeable' then perform setval('outbox_purgeable_front', outbox_microseconds(oldest));
      end case;
      exit;
    end if;
    upper_end = lower_end;
    step = case when clock_timestamp() < slice_began + interval '3 ms' then step * 8 else '1 s' end;
    slice_began = clock_timestamp();
  end loop;
end
$$
--> statement-breakpoint

-- Whoever keeps the vacuums of this database from removing dead rows, for the most transactions first. A session with
-- a snapshot or an unfinished write, a prepared transaction, or a replication slot. With its owner's rights, because
-- only members of pg_read_all_stats may see since when a session of another user has been in its transaction. If the
-- owner is none, there is no time. A vacuum keeps no other from its work.
create function outbox_oldest_snapshots(max_rows integer) returns table (
  kind text, name text, role text, application text, state text, since timestamptz, transactions integer
) language plpgsql stable security definer
set search_path from current
as $$
#variable_conflict use_column
begin
  return query
  select cast('session' as text), cast(a.pid as text), cast(a.usename as text), a.application_name, a.state, a.xact_start,
    greatest(age(a.backend_xid), age(a.backend_xmin))
  from pg_stat_activity a
  where (a.backend_xid is not null or a.backend_xmin is not null) and a.pid <> pg_backend_pid()
    and coalesce(a.datname, current_database()) = current_database()
    and a.pid not in (select v.pid from pg_stat_progress_vacuum v)
  union all
  select 'prepared transaction', p.gid, cast(p.owner as text), null, null, p.prepared, age(p.transaction)
  from pg_prepared_xacts p where p.database = current_database()
  union all
  select 'replication slot', cast(s.slot_name as text), null, null,
    case when s.active then 'active' else 'inactive' end, null, age(s.xmin)
  from pg_replication_slots s where s.xmin is not null
  order by 7 desc
  limit max_rows;
end
$$
