import type { DataApi, Row, SqlValue, TransactionalDataApi } from '../outbox/data-api.ts';
import { RowReader } from '../outbox/row-reader.ts';

type Parameters = Readonly<Record<string, SqlValue>>;

/** Whether the Data API refused a result because of its size: 1 MiB an answer, 64 KB a row. Messages vary. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && /size limit|Packet for query is too large/i.test(error.message);
}

/** Halves the size again and again until the answer is small enough. */
export async function halving<T>(size: number, read: (size: number) => Promise<T>): Promise<T> {
  try {
    return await read(size);
  } catch (error) {
    if (!isTooLarge(error) || size === 1) throw error;
    return halving(Math.ceil(size / 2), read);
  }
}

/**
 * Reads at most `limit` rows of a statement that ends with `:limit` and `:offset`: in one answer if they fit, else in
 * pages of one snapshot, so that concurrent changes cannot hide or repeat a row.
 */
export function readRows(
  database: TransactionalDataApi,
  sql: string,
  parameters: Parameters,
  limit: number,
): Promise<readonly Row[]> {
  const page = (from: DataApi, offset: number, size: number) =>
    from.query(sql, { ...parameters, limit: Math.min(size, limit - offset), offset });
  const pages = async (inside: DataApi, size: number) => {
    const rows: Row[] = [];
    for (let last = size; last === size && rows.length < limit; ) {
      const next = await page(inside, rows.length, size);
      rows.push(...next);
      last = next.length;
    }
    return rows;
  };
  return halving(limit, (size) =>
    size === limit ? page(database, 0, limit) : inSnapshot(database, (inside) => pages(inside, size)),
  );
}

// Base64 turns 48,000 bytes into 64,000: within the 64 KB of a row, and 15 of them within the 1 MiB of an answer.
const PART_BYTES = 48_000;
const PARTS = 15;

/**
 * Reads a text of any size, which `sql` selects as the column `content` of at most one row.
 * @returns undefined without a row
 */
export async function readText(
  database: TransactionalDataApi,
  sql: string,
  parameters: Parameters,
): Promise<string | undefined> {
  try {
    const [row] = await database.query(sql, parameters);
    return row && new RowReader(row).text(0);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
  }
  const parts = `
    with given as materialized (select convert_to(content, 'UTF8') as bytes from (${sql}) as selected)
    select substring(bytes from part * ${PART_BYTES} + 1 for ${PART_BYTES})
    from given, generate_series(cast(:first as integer), cast(:last as integer)) as part
    where part * ${PART_BYTES} < octet_length(bytes)
    order by part`;
  const bytes: Uint8Array[] = [];
  await inSnapshot(database, async (inside) => {
    for (let read = PARTS; read === PARTS; ) {
      const first = bytes.length;
      const rows = await inside.query(parts, { ...parameters, first, last: first + PARTS - 1 });
      bytes.push(...rows.map((row) => new RowReader(row).bytes(0)));
      read = rows.length;
    }
  });
  return bytes.length === 0 ? undefined : Buffer.concat(bytes).toString('utf8');
}

/** All statements read the same snapshot. */
function inSnapshot<T>(database: TransactionalDataApi, read: (inside: DataApi) => Promise<T>): Promise<T> {
  return database.transaction(async (inside) => {
    await inside.query('set transaction isolation level repeatable read, read only');
    return read(inside);
  });
}
