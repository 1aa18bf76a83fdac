import pg from 'pg';
import type { DataApi, Row, SqlValue } from '../../outbox/data-api.ts';
import { bindParameters } from '../../twin/services/rds-data/sql-parameters.ts';

// The type as which the Data API would bind the value.
function typeOf(value: SqlValue): string {
  if (typeof value === 'string') return 'varchar';
  if (typeof value === 'boolean') return 'boolean';
  if (value === null) return 'text';
  return Number.isInteger(value) ? 'bigint' : 'double precision';
}

// pg returns a bigint as text, the Data API returns a number.
const types = {
  getTypeParser: (oid: number, format?: 'text') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format),
} as pg.CustomTypesConfig;

/** The interface of the Data API directly on a connection or a pool of PostgreSQL: the core without HTTP. */
export function createPgDataApi(connection: Pick<pg.ClientBase, 'query'>): DataApi {
  return {
    async query(sql, parameters = {}) {
      const typed = Object.entries(parameters).map(
        ([name, value]) => [name, { value, type: typeOf(value) }] as const,
      );
      const { rows } = await connection.query({
        ...bindParameters(sql, new Map(typed)),
        rowMode: 'array',
        types,
      });
      return rows as unknown as Row[];
    },
  };
}
