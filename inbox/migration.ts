import type { InboxDatabase } from './database.ts';

const BREAKPOINT = '--> statement-breakpoint';

/** The tables of the inbox, for the consumer's database. The package has the same text as `inbox/migration.sql`. */
export const migration = `create table if not exists outbox_inbox (
  consumer text not null constraint consumer_is_1_to_128_characters check (char_length(consumer) between 1 and 128),
  event_id uuid not null,
  processed_at timestamptz not null default now(),
  primary key (consumer, event_id)
);
${BREAKPOINT}
create index if not exists outbox_inbox_processed_at on outbox_inbox (processed_at);
${BREAKPOINT}
-- HOT updates, since every ordered event moves a position.
create table if not exists outbox_inbox_positions (
  consumer text not null constraint consumer_is_1_to_128_characters check (char_length(consumer) between 1 and 128),
  source text not null,
  ordering_key text collate "C" not null,
  sequence bigint not null constraint sequence_is_not_negative check (sequence >= 0),
  primary key (consumer, source, ordering_key)
) with (fillfactor = 70);
`;

/** Makes the tables unless they exist, one statement a call, as the Data API wants them. */
export async function createInbox(database: InboxDatabase): Promise<void> {
  for (const statement of migration.split(BREAKPOINT)) await database.query(statement.trim(), []);
}
