-- Whoever looks at the outbox may only read it. A session of this role refuses to write whatever a later grant may
-- allow by mistake, and a statement that takes long is ended, because looking must not slow down what is looked at.
create function outbox_grant_operator(role_name text) returns void language plpgsql
set search_path from current as $$
declare
  readable text;
  setting text;
begin
  perform outbox_admit_role(role_name);
  foreach readable in array array['outbox_events', 'outbox_backlog', 'outbox_migrations', 'outbox_installation'] loop
    execute format('grant select on %I to %I', readable, role_name);
  end loop;
  execute format('grant execute on function outbox_count(text), outbox_detail(uuid, text, jsonb) to %I', role_name);
  foreach readable in array array['outbox_migrations', 'outbox_installation'] loop
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
revoke execute on function outbox_grant_operator(text) from public
