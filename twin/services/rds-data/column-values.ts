import pg, { type FieldDef } from 'pg';
import { parse as parseArray } from 'postgres-array';
import { AwsError } from '../../http/aws-error.ts';
import { exactInteger, stringifyExact } from '../../http/exact-json.ts';

/** PostgreSQL's names for the type of a column and, if that is an array, for the type of its elements. */
export interface ColumnType {
  readonly name: string;
  readonly element?: string;
}

/** `resultSetOptions` of a request. */
export interface ResultOptions {
  readonly longsAsText: boolean;
  readonly decimalsAsNumbers: boolean;
}

type Value = string | number | bigint | boolean | null;
type Member = 'longValue' | 'doubleValue' | 'booleanValue' | 'blobValue' | 'stringValue';
export type Field = Readonly<Record<string, Value | Readonly<Record<string, readonly Value[]>>>>;

/** Runs one statement on the connection that the request uses. */
export type Query = (text: string, values: readonly unknown[]) => Promise<pg.QueryResult>;

const builtinNames = new Map([
  ...Object.entries(pg.types.builtins).map(([name, oid]) => [Number(oid), name.toLowerCase()] as const),
  [19, 'name'] as const,
]);

// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api-operations.html lists what the Data API
// supports. It is known to refuse these types, with these names in the message.
const unsupported = new Map([
  ...['box', 'circle', 'interval', 'line', 'lseg', 'macaddr', 'macaddr8', 'money', 'path', 'point', 'polygon']
    .concat('timetz', 'xml')
    .map((name) => [name, name.toUpperCase()] as const),
  ['char', '"CHAR"'],
  ...['class', 'collation', 'config', 'dictionary', 'namespace', 'oper', 'operator', 'proc', 'procedure']
    .concat('role', 'type')
    .map((name) => [`reg${name}`, `reg${name}`] as const),
]);
const integers = new Set(['int2', 'int4', 'int8', 'oid']);
const floats = new Set(['float4', 'float8']);
const instants = new Set(['date', 'timestamp', 'timestamptz']);

const TYPE_NAMES = `
  select t.oid, t.typname, e.typname from pg_catalog.pg_type t
  left join pg_catalog.pg_type e on e.typarray = t.oid where t.oid = any($1::oid[])`;

/** The types of a result's columns. Only arrays and types that are not built in need a query of the catalogue. */
export async function readColumnTypes(columns: readonly FieldDef[], query: Query): Promise<ColumnType[]> {
  const names = new Map<number, ColumnType>();
  const unknown = columns.map(({ dataTypeID }) => dataTypeID).filter((oid) => !builtinNames.has(oid));
  if (unknown.length > 0) {
    const { rows } = await query(TYPE_NAMES, [unknown]);
    for (const [oid, name, element] of rows as (string | null)[][])
      names.set(Number(oid), { name: name ?? '', ...(element != null && { element }) });
  }
  return columns.map(({ dataTypeID: oid }) => names.get(oid) ?? { name: builtinNames.get(oid) ?? 'unknown' });
}

/** A column's value as the Data API returns it. `text` is PostgreSQL's text form. */
export function toField(text: string | null, { name, element }: ColumnType, options: ResultOptions): Field {
  refuseUnsupported(element ?? name);
  if (text === null) return { isNull: true };
  if (element !== undefined) return { arrayValue: toArray(text, element, options) };
  const member =
    name === 'numeric' && options.decimalsAsNumbers
      ? numberMember(text)
      : memberOf(name, options.longsAsText);
  return { [member]: toValue(text, member, name) };
}

function toArray(text: string, type: string, { longsAsText }: ResultOptions) {
  const elements = parseArray(text, (value) => value) as readonly (string | null | readonly unknown[])[];
  const member = memberOf(type, longsAsText);
  // In an array, bytes stay in PostgreSQL's text form.
  const kind = member === 'blobValue' ? 'stringValue' : member;
  const values = elements.map((value) => {
    if (typeof value === 'object' && value !== null)
      throw unsupportedResult('The result contains a multidimensional array');
    return value === null ? null : toValue(value, kind, type);
  });
  return { [`${kind}s`]: values };
}

function memberOf(type: string, longsAsText: boolean): Member {
  if (integers.has(type)) return longsAsText ? 'stringValue' : 'longValue';
  if (floats.has(type)) return 'doubleValue';
  if (type === 'bool') return 'booleanValue';
  return type === 'bytea' ? 'blobValue' : 'stringValue';
}

function numberMember(text: string): Member {
  return /^-?\d{1,18}$/.test(text) ? 'longValue' : 'doubleValue';
}

function toValue(text: string, member: Member, type: string): Value {
  if (member === 'longValue') return exactInteger(text);
  // JSON has no such numbers, so AWS's protocols write them as text.
  if (member === 'doubleValue') return Number.isFinite(Number(text)) ? Number(text) : text;
  if (member === 'booleanValue') return text === 't';
  if (member === 'blobValue') return Buffer.from(text.slice(2), 'hex').toString('base64');
  if (instants.has(type) && /^-?infinity$/.test(text)) {
    throw new AwsError('InternalFailure', `the Data API has no ${type} ${text}: cast it to text`, 500);
  }
  // The Data API answers in UTC without an offset; the connection's time zone is UTC.
  return type === 'timestamptz' ? text.replace(/\+00$/, '') : text;
}

function refuseUnsupported(type: string): void {
  const name = unsupported.get(type);
  if (name !== undefined) throw unsupportedResult(`The result contains the unsupported data type ${name}.`);
}

function unsupportedResult(message: string): AwsError {
  return new AwsError('UnsupportedResultException', message);
}

/** The bytes of a row that count towards the limit of 64 KB. */
export function rowBytes(row: readonly Field[]): number {
  return row.reduce((sum, field) => sum + Buffer.byteLength(weighed(Object.values(field)[0]), 'utf8'), 0);
}

function weighed(value: Field[string] | undefined): string {
  return typeof value === 'object' ? stringifyExact(value) : String(value);
}

/** `formattedRecords`: the rows as a JSON array of objects. */
export function toJsonRecords(rows: readonly (readonly Field[])[], columns: readonly FieldDef[]): string {
  return stringifyExact(
    rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, plain(row[index])]))),
  );
}

function plain(field: Field = { isNull: true }): unknown {
  if (field['isNull']) return null;
  const [value] = Object.values(field);
  return typeof value === 'object' && value !== null ? Object.values(value)[0] : value;
}
