-- Who may do what. The names of the roles come from the deployment, so that two outboxes can share a cluster.
-- The password comes as a SCRAM verifier, since CREATE ROLE cannot bind a parameter and a password must not
-- stand in a statement that somebody may log.

create function outbox_create_role(role_name text, verifier text) returns void language plpgsql as $$
begin
  if not exists (select from pg_roles where rolname = role_name) then
    execute format('create role %I login', role_name);
  end if;
  execute format('alter role %I login password %L', role_name, verifier);
end
$$
--> statement-breakpoint

-- What the handlers do to the outbox, and nothing else. A statement of theirs that takes longer than 2 seconds
-- is ended before the call that waits for it gives up, so that a retry finds it gone.
create function outbox_grant_processor(role_name text) returns void language plpgsql as $$
begin
  execute format('grant select, update, delete on outbox_events to %I', role_name);
  execute format('grant select, update (paused_at, paused_by, pause_reason) on outbox_installation to %I', role_name);
  execute format('grant execute on function claim_outbox_events, outbox_gauges to %I', role_name);
  execute format('alter role %I set statement_timeout = %L', role_name, '2s');
end
$$
--> statement-breakpoint

-- The columns that are a producer's to write, and the id, so that it can be returned.
create function outbox_grant_producer(role_name text) returns void language plpgsql as $$
begin
  execute format(
    'grant insert (id, aggregate_type, aggregate_id, event_type, payload, trace_header, due_at), select (id) on outbox_events to %I',
    role_name);
end
$$
--> statement-breakpoint

revoke execute on function claim_outbox_events, outbox_gauges, outbox_create_role, outbox_grant_processor, outbox_grant_producer
from public
