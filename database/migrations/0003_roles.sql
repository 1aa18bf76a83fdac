-- Who may do what. The names of the roles come from the deployment, so that two outboxes can share a cluster.
-- The password comes as a SCRAM verifier, since CREATE ROLE cannot bind a parameter and a password must not
-- stand in a statement that somebody may log.
--
-- Nothing is left to PUBLIC, as in a hardened database, so that what is missing there would be missing everywhere.

create function outbox_create_role(role_name text, verifier text) returns void language plpgsql
set search_path from current as $$
begin
  if not exists (select from pg_roles where rolname = role_name) then
    execute format('create role %I login', role_name);
  end if;
  execute format('alter role %I login password %L', role_name, verifier);
end
$$
--> statement-breakpoint

-- The way to the table. The policy is only created when it is missing, because creating it waits for every transaction
-- that has written an event. It has no effect while row security is off.
create function outbox_admit_role(role_name text) returns void language plpgsql
set search_path from current as $$
begin
  execute format('grant connect on database %I to %I', current_database(), role_name);
  execute format('grant usage on schema %I to %I', current_schema(), role_name);
  -- Who may not grant it gets no more than a warning.
  if not has_schema_privilege(role_name, current_schema(), 'usage') then
    raise exception '% may not grant the use of schema %', current_user, current_schema()
      using errcode = 'insufficient_privilege',
        hint = format('As the owner of the schema, grant usage on schema %I to %I.', current_schema(), role_name);
  end if;
  if not exists (select from pg_policy where polrelid = cast('outbox_events' as regclass) and polname = role_name) then
    execute format('create policy %I on outbox_events to %I using (true)', role_name, role_name);
  end if;
end
$$
--> statement-breakpoint

-- What the handlers do to the outbox, and nothing else. Its sessions are set up for this database only, because another
-- outbox of the cluster may use the role too, and stronger than what the database sets for all.
-- A claim takes a lock and then looks at the table, which needs read committed. A statement that takes longer than
-- 2 seconds is ended before the call that waits for it gives up, so that a retry finds it gone.
create function outbox_grant_processor(role_name text) returns void language plpgsql
set search_path from current as $$
declare
  granted text;
  beside text;
  setting text;
begin
  perform outbox_admit_role(role_name);
  execute format('grant select, update, delete on outbox_events to %I', role_name);
  execute format('grant select on outbox_backlog to %I', role_name);
  -- By full signature, so that a later migration may add a function of the same name beside one that is still called.
  foreach granted in array array[
    'outbox_detail(uuid, text, jsonb)',
    'outbox_backoff(integer, integer, integer)',
    'claim_outbox_events(uuid, text, integer, integer, integer, integer, integer, timestamptz, timestamptz)',
    'outbox_count(text)'
  ] loop
    execute format('grant execute on function %s to %I', granted, role_name);
  end loop;
  -- For the operator, who signs in as this role, asks which migrations were applied, and pauses the outbox.
  execute format('grant select on outbox_migrations to %I', role_name);
  execute format('grant select, update (paused_at, paused_by, pause_reason) on outbox_installation to %I', role_name);
  foreach beside in array array['outbox_migrations', 'outbox_installation'] loop
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

-- The columns that are a producer's to write, and the id, so that it can be returned. No function, since the trigger
-- that checks an event calls them with the rights of its owner.
create function outbox_grant_producer(role_name text) returns void language plpgsql
set search_path from current as $$
begin
  perform outbox_admit_role(role_name);
  execute format(
    'grant insert (id, aggregate_type, aggregate_id, event_type, payload, trace_header, due_at), select (id) on outbox_events to %I',
    role_name);
  execute format('alter role %I in database %I set search_path = "$user", %I, public',
    role_name, current_database(), current_schema());
end
$$
--> statement-breakpoint

revoke execute on function
  outbox_detail(uuid, text, jsonb), outbox_doubles_as_decimals(jsonb), outbox_check_event(), outbox_ready_when_due(),
  outbox_backoff(integer, integer, integer),
  claim_outbox_events(uuid, text, integer, integer, integer, integer, integer, timestamptz, timestamptz),
  outbox_count(text),
  outbox_create_role(text, text), outbox_admit_role(text), outbox_grant_processor(text), outbox_grant_producer(text)
from public
