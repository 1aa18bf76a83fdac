import pg, { type FieldDef } from 'pg';

const { builtins } = pg.types;
const integers = new Set<number>([builtins.INT2, builtins.INT4, builtins.INT8, builtins.OID]);
const floats = new Set<number>([builtins.FLOAT4, builtins.FLOAT8]);
const typeNames = new Map(Object.entries(builtins).map(([name, oid]) => [Number(oid), name.toLowerCase()]));

type FieldValue = string | number | boolean;
export type Field = Readonly<Record<string, FieldValue>>;

/** A column's value as the Data API answers it. `value` is PostgreSQL's own text. */
export function toField(value: string | null, { dataTypeID }: FieldDef): Field {
  if (value === null) return { isNull: true };
  if (integers.has(dataTypeID)) return { longValue: Number(value) };
  if (floats.has(dataTypeID)) return { doubleValue: Number(value) };
  if (dataTypeID === builtins.BOOL) return { booleanValue: value === 't' };
  if (dataTypeID === builtins.BYTEA)
    return { blobValue: Buffer.from(value.slice(2), 'hex').toString('base64') };
  // The Data API answers in UTC without an offset; the connection's time zone is UTC.
  if (dataTypeID === builtins.TIMESTAMPTZ) return { stringValue: value.replace(/\+00$/, '') };
  return { stringValue: value };
}

/** What a row weighs against the limit of 64 KB. */
export function rowBytes(row: readonly Field[]): number {
  return row.reduce((sum, field) => sum + Buffer.byteLength(String(Object.values(field)[0]), 'utf8'), 0);
}

/** `formattedRecords`: the rows as a JSON array of objects. */
export function toJsonRecords(rows: readonly (readonly Field[])[], columns: readonly FieldDef[]): string {
  const plain = (field: Field | undefined) => (field?.['isNull'] ? null : Object.values(field ?? {})[0]);
  return JSON.stringify(
    rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, plain(row[index])]))),
  );
}

/** What `includeResultMetadata` adds. */
export function toMetadata(columns: readonly FieldDef[]): object[] {
  return columns.map(({ name, dataTypeID }) => ({
    name,
    label: name,
    typeName: typeNames.get(dataTypeID) ?? 'text',
  }));
}
