-- Moves the unfinished events of the guide's table "OutboxEvent" to outbox_events, and from then on every event
-- that an old writer inserts there. Run it with psql after the old processor has stopped, as often as needed.
-- It ends with a list of the events that are not moved, because the outbox refuses them or their status is unknown.
-- They stay as they are. A notice says how many were moved, out of how many.
--
-- A row that was moved says PROCESSED and has no "processedAt". The old processor, its retry and its cleanup
-- leave such a row alone, and so does this script when it runs again, also after the outbox has purged the event.

begin isolation level read committed;
-- Prisma writes UTC into timestamps without a time zone.
set local time zone 'UTC';
-- A long transaction of a writer must not hold up all other writers behind this script.
set local lock_timeout = '5s';
-- Both tables are found as the user of this script finds them. The functions keep this path, in which built-ins come
-- first and temporary tables last, so that none of the same name is taken for what is meant.
do $$ begin
  perform set_config('search_path', string_agg(quote_ident(name), ', ' order by position) || ', pg_temp', true)
  from unnest(current_schemas(false)) with ordinality as path(name, position) where name !~ '^pg_';
end $$;

-- Waits for the writers that are at it and keeps out new ones, so that every row meets the copy or the trigger.
lock table "OutboxEvent" in share row exclusive mode;

-- The event's id in the outbox. An id that is no uuid becomes always the same one.
create or replace function outbox_moved_id(guide_id text) returns uuid
language sql immutable parallel safe as $$
  select case when guide_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    then cast(guide_id as uuid) else cast(md5(guide_id) as uuid) end
$$;

-- Moves what is unfinished and returns what was refused. What the old processor had taken or had failed may have been
-- published, so it becomes FAILED and a person decides. Every row that does not say PROCESSED is either moved or
-- returned. The counts are compared before anything is committed.
create or replace function outbox_move_events() returns table (id text, status text, reason text)
language plpgsql set search_path from current as $$
#variable_conflict use_column
declare
  event record;
  failed_as text;
  moved uuid[] = '{}';
  found_count bigint = 0;
  refused_count bigint = 0;
  moved_count bigint;
  left_count bigint;
begin
  for event in
    select * from "OutboxEvent" o
    where cast(o.status as text) is distinct from 'PROCESSED'
    order by o."createdAt", o.id
  loop
    found_count = found_count + 1;
    if cast(event.status as text) in ('PENDING', 'PROCESSING', 'FAILED') is not true then
      refused_count = refused_count + 1;
      id = cast(event.id as text);
      status = cast(event.status as text);
      reason = 'unknown status';
      return next;
      continue;
    end if;
    failed_as = case cast(event.status as text)
      when 'PROCESSING' then 'MovedWhileProcessing' when 'FAILED' then 'MovedAfterFailure' end;
    begin
      insert into outbox_events (id, aggregate_id, event_type, payload, created_at,
        status, due_at, failed_at, last_error_type, last_error)
      values (outbox_moved_id(cast(event.id as text)), cast(event."aggregateId" as text), event."eventType",
        cast(event.payload as jsonb), cast(event."createdAt" as timestamptz),
        case when failed_as is null then 'PENDING' else 'FAILED' end,
        case when failed_as is null then now() end,
        case when failed_as is not null then now() end,
        failed_as,
        case when failed_as is not null then 'the old processor may have published the event' end);
      update "OutboxEvent" o set status = 'PROCESSED', "processedAt" = null where o.id = event.id;
      moved = moved || outbox_moved_id(cast(event.id as text));
    exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
      refused_count = refused_count + 1;
      id = cast(event.id as text);
      status = cast(event.status as text);
      get stacked diagnostics reason = constraint_name;
      if reason = '' then reason = sqlerrm; end if;
      return next;
    end;
  end loop;
  -- A trigger, a rule or a policy of either table could have dropped a row in silence.
  select count(*) into moved_count from outbox_events e where e.id = any(moved);
  select count(*) into left_count from "OutboxEvent" o where cast(o.status as text) is distinct from 'PROCESSED';
  if moved_count + refused_count <> found_count or left_count <> refused_count then
    raise exception 'nothing was moved. Of % unfinished events % reached outbox_events, % were refused and % are left in the old table',
      found_count, moved_count, refused_count, left_count;
  end if;
  raise notice 'moved % of % unfinished events, % are listed as refused', moved_count, found_count, refused_count;
end
$$;

-- For writers that do not know of outbox_events yet. They need no rights on it. What the outbox refuses fails
-- the writer's transaction, since nobody would publish it.
create or replace function outbox_move_new_event() returns trigger
language plpgsql security definer set search_path from current as $$
begin
  insert into outbox_events (id, aggregate_id, event_type, payload)
  values (outbox_moved_id(cast(new.id as text)), cast(new."aggregateId" as text), new."eventType",
    cast(new.payload as jsonb));
  update "OutboxEvent" o set status = 'PROCESSED', "processedAt" = null where o.id = new.id;
  return null;
end
$$;
revoke execute on function outbox_moved_id, outbox_move_events, outbox_move_new_event from public;

create or replace trigger outbox_move_new_event after insert on "OutboxEvent"
for each row when (cast(new.status as text) = 'PENDING') execute function outbox_move_new_event();

select * from outbox_move_events();

commit;
