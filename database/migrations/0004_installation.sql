-- One row about the outbox as a whole. Its owner is the deployment that migrated the database first; a deployment
-- with another name would claim the events of the first one. While paused_at is set, nothing is claimed or purged,
-- whoever starts a run and whatever is deployed meanwhile.
create table outbox_installation (
  only_row boolean primary key default true,
  owner text not null,
  installed_at timestamptz not null default now(),
  paused_at timestamptz,
  paused_by text,
  pause_reason text,

  constraint there_is_one_installation check (only_row),
  constraint paused_by_somebody check ((paused_at is null) = (paused_by is null)),
  constraint pause_reason_only_while_paused check (pause_reason is null or paused_at is not null)
)
--> statement-breakpoint
comment on column outbox_installation.owner is 'name of the deployment that the outbox belongs to'
--> statement-breakpoint
comment on column outbox_installation.paused_at is 'since when nothing is claimed or purged, null while the outbox runs'
--> statement-breakpoint
-- Has no effect while row security is off, as the policies of the other tables.
create policy owner on outbox_installation to current_user using (true)
