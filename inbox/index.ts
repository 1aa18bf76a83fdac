/** What the package offers to consumers. */
export { type DataApiAnswer, type DataApiStatement, fromDataApi } from './adapters/data-api.ts';
export { type DrizzleTransaction, fromDrizzle } from './adapters/drizzle.ts';
export { fromPg, type PgClient } from './adapters/pg.ts';
export { fromPrisma, type PrismaTransaction } from './adapters/prisma.ts';
export { type Advance, advance } from './advance.ts';
export type { InboxOptions, Processed } from './attempt.ts';
export type { InboxDatabase, Row } from './database.ts';
export { NotAnOutboxEvent, NotInTransaction, OutOfOrder } from './errors.ts';
export type { InboxEvent, Place } from './event.ts';
export {
  handleSqsBatch,
  type SqsBatchAnswer,
  type SqsBatchOptions,
  type SqsMessage,
} from './handle-sqs-batch.ts';
export { createInbox, migration } from './migration.ts';
export { type InOrderOptions, processInOrder } from './process-in-order.ts';
export { processOnce } from './process-once.ts';
export { type PurgeInboxOptions, purgeInbox } from './purge-inbox.ts';
