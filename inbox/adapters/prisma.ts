import type { InboxDatabase, Row } from '../database.ts';

/** The `tx` of Prisma's `$transaction(async (tx) => ...)`. */
export interface PrismaTransaction {
  $queryRawUnsafe(query: string, ...values: string[]): PromiseLike<unknown>;
}

/** An interactive transaction of Prisma. */
export function fromPrisma(tx: PrismaTransaction): InboxDatabase {
  return {
    query: async (sql, parameters) => (await tx.$queryRawUnsafe(sql, ...parameters)) as readonly Row[],
  };
}
