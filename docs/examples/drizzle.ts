import { eq } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

const dishes = pgTable('dishes', { id: text('id').primaryKey(), name: text('name').notNull() });

/** What a producer writes, and the id. All other columns have defaults and are the processor's. */
export const outboxEvents = pgTable('outbox_events', {
  id: uuid('id').primaryKey().defaultRandom(),
  aggregateId: text('aggregate_id').notNull(),
  eventType: text('event_type').notNull(),
  payload: jsonb('payload').$type<Record<string, unknown>>().notNull(),
  traceHeader: text('trace_header'),
  orderingKey: text('ordering_key'),
  dueAt: timestamp('due_at', { withTimezone: true }).defaultNow(),
});

/** The dish and its event are committed together, or neither is. */
export async function addDish(db: NodePgDatabase, dish: { id: string; name: string }): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.insert(dishes).values(dish);
    await tx.insert(outboxEvents).values({
      aggregateId: dish.id,
      eventType: 'dish.created',
      payload: { name: dish.name },
    });
  });
}

/** Events of one dish are published in the order of these commits. */
export async function renameDish(db: NodePgDatabase, dish: { id: string; name: string }): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.update(dishes).set({ name: dish.name }).where(eq(dishes.id, dish.id));
    await tx.insert(outboxEvents).values({
      aggregateId: dish.id,
      eventType: 'dish.renamed',
      payload: { name: dish.name },
      orderingKey: `dish ${dish.id}`,
    });
  });
}
