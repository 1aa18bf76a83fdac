-- A replay publishes processed events again. An event stays processed meanwhile, whatever becomes of its replay, and
-- keeps when it was replayed last, how often, by which execution and why.
--
-- If somebody's long transaction is in the way, the migration gives up after a second, so that producers do not queue
-- up behind it, and is tried again.
set local lock_timeout = '1s'
--> statement-breakpoint
alter table outbox_events add column replays integer not null default 0
--> statement-breakpoint
alter table outbox_events add column replayed_at timestamptz
--> statement-breakpoint
alter table outbox_events add column replay_id text
--> statement-breakpoint
alter table outbox_events add column replay_reason text
--> statement-breakpoint
comment on column outbox_events.replays is 'how often the event was published again after it was processed'
--> statement-breakpoint
comment on column outbox_events.replayed_at is 'when the bus accepted it again last'
--> statement-breakpoint
comment on column outbox_events.replay_id is 'ARN of the replay that published it last, which is the replayId that consumers see'
