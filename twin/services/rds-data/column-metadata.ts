import type { FieldDef } from 'pg';
import type { ColumnType, Query } from './column-values.ts';

// The Data API returns what PostgreSQL's JDBC driver reports about a column: java.sql.Types, lengths and digits.
const sqlTypes: Readonly<Record<string, number>> = {
  bit: -7,
  bool: -7,
  bpchar: 1,
  bytea: -2,
  date: 91,
  float4: 7,
  float8: 8,
  int2: 5,
  int4: 4,
  int8: -5,
  name: 12,
  numeric: 2,
  oid: -5,
  text: 12,
  time: 92,
  timestamp: 93,
  timestamptz: 93,
  varchar: 12,
};
const ARRAY = 2003;
const ENUM = 12;
const OTHER = 1111;

const UNLIMITED = 2 ** 31 - 1;
const precisions: Readonly<Record<string, number>> = {
  bool: 1,
  date: 13,
  float4: 8,
  float8: 17,
  int2: 5,
  int4: 10,
  int8: 19,
  oid: 10,
};
const scales: Readonly<Record<string, number>> = { float4: 8, float8: 17 };
/** Characters of a time without its fraction. */
const timeLengths: Readonly<Record<string, number>> = { time: 8, timestamp: 22, timestamptz: 28 };

const signed = new Set(['float4', 'float8', 'int2', 'int4', 'int8', 'numeric']);
const withoutCase = new Set(['bit', 'bool', 'date', 'oid', 'varbit', ...signed, ...Object.keys(timeLengths)]);
const serials: Readonly<Record<string, string>> = { int2: 'smallserial', int4: 'serial', int8: 'bigserial' };

const COLUMNS = `
  select a.attrelid, a.attnum, c.relname, a.attnotnull,
    a.attidentity <> '' or coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid) like '%nextval(%', false)
  from unnest($1::oid[], $2::smallint[]) as given(attrelid, attnum)
  join pg_catalog.pg_attribute a using (attrelid, attnum)
  join pg_catalog.pg_class c on c.oid = a.attrelid
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum`;

const ENUMS = `select oid from pg_catalog.pg_type where typtype = 'e' and oid = any($1::oid[])`;

/** What `includeResultMetadata` adds. */
export async function readMetadata(
  columns: readonly FieldDef[],
  types: readonly ColumnType[],
  query: Query,
): Promise<object[]> {
  const ofTables = columns.filter(({ tableID }) => tableID !== 0);
  const { rows } = await query(COLUMNS, [
    ofTables.map(({ tableID }) => tableID),
    ofTables.map(({ columnID }) => columnID),
  ]);
  const origins = new Map(
    (rows as (string | null)[][]).map(([table, column, name, notNull, generated]) => [
      `${table}.${column}`,
      { name, nullable: notNull !== 't', generated: generated === 't' },
    ]),
  );
  const { rows: enums } = await query(ENUMS, [columns.map(({ dataTypeID }) => dataTypeID)]);
  const enumOids = new Set((enums as string[][]).map(([oid]) => Number(oid)));

  return columns.map(({ name, dataTypeID, dataTypeModifier, tableID, columnID }, index) => {
    const { name: typeName = 'unknown', element } = types[index] ?? {};
    const base = element ?? typeName;
    const origin = origins.get(`${tableID}.${columnID}`);
    return {
      arrayBaseColumnType: element === undefined ? 0 : (sqlTypes[element] ?? OTHER),
      isAutoIncrement: origin?.generated ?? false,
      isCaseSensitive: !withoutCase.has(base),
      isCurrency: base === 'money',
      isSigned: signed.has(base),
      label: name,
      name,
      nullable: origin === undefined ? 2 : Number(origin.nullable),
      precision: precisionOf(base, dataTypeModifier),
      scale: scaleOf(base, dataTypeModifier),
      schemaName: '',
      tableName: origin?.name ?? '',
      type: element === undefined ? (sqlTypes[typeName] ?? (enumOids.has(dataTypeID) ? ENUM : OTHER)) : ARRAY,
      typeName: (origin?.generated && serials[typeName]) || typeName,
    };
  });
}

/** A type's modifier is -1 where a column was declared without one. */
function precisionOf(type: string, modifier: number): number {
  if (type === 'numeric') return modifier === -1 ? 0 : (modifier - 4) >> 16;
  if (type === 'bpchar' || type === 'varchar') return modifier === -1 ? UNLIMITED : modifier - 4;
  if (type === 'bit') return modifier;
  const timeLength = timeLengths[type];
  if (timeLength !== undefined) return timeLength + fractionLength(modifier);
  return precisions[type] ?? UNLIMITED;
}

function scaleOf(type: string, modifier: number): number {
  if (type === 'numeric') return modifier === -1 ? 0 : (modifier - 4) & 0xffff;
  if (type in timeLengths) return modifier === -1 ? 6 : modifier;
  return scales[type] ?? 0;
}

/** The digits and the decimal point. */
function fractionLength(modifier: number): number {
  if (modifier === -1) return 7;
  return modifier === 0 ? 0 : modifier + 1;
}
