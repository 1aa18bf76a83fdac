import type pg from 'pg';
import type { FieldDef } from 'pg';
import { AwsError } from '../../http/aws-error.ts';
import { stringifyExact } from '../../http/exact-json.ts';
import { RequestBody } from '../../http/request.ts';
import { readMetadata } from './column-metadata.ts';
import {
  type Field,
  type Query,
  type ResultOptions,
  readColumnTypes,
  rowBytes,
  toField,
  toJsonRecords,
} from './column-values.ts';

// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.limitations.html
const MAX_RESPONSE_BYTES = 1024 * 1024;
const MAX_ROW_BYTES = 64 * 1024;

/** The format of the result that a request asks for. */
export interface AnswerOptions extends ResultOptions {
  readonly asJson: boolean;
  readonly withMetadata: boolean;
}

export function readAnswerOptions(request: RequestBody): AnswerOptions {
  const results = new RequestBody(request.object('resultSetOptions'), 'ValidationException');
  return {
    asJson: request.oneOf('formatRecordsAs', ['NONE', 'JSON']) === 'JSON',
    withMetadata: request.flag('includeResultMetadata'),
    longsAsText: results.oneOf('longReturnType', ['STRING', 'LONG']) === 'STRING',
    decimalsAsNumbers: results.oneOf('decimalReturnType', ['STRING', 'DOUBLE_OR_LONG']) === 'DOUBLE_OR_LONG',
  };
}

/** The answer of ExecuteStatement. */
export async function answer(
  { command, fields, rowCount, rows }: pg.QueryArrayResult,
  options: AnswerOptions,
  query: Query,
): Promise<object> {
  const types = await readColumnTypes(fields, query);
  const records = (rows as (string | null)[][]).map((row) =>
    row.map((text, index) => toField(text, types[index] ?? { name: 'unknown' }, options)),
  );
  if (records.some((row) => rowBytes(row) > MAX_ROW_BYTES)) {
    throw new AwsError(
      'BadRequestException',
      'Packet for query is too large: a row of the result exceeds 64 KB',
    );
  }
  const selected = command === 'SELECT';
  const response = {
    generatedFields: [],
    numberOfRecordsUpdated: selected ? 0 : (rowCount ?? 0),
    ...(selected && options.asJson
      ? { formattedRecords: toJsonRecords(records, fields) }
      : await recordsOf(records, fields, () => readMetadata(fields, types, query), options)),
  };
  if (Buffer.byteLength(stringifyExact(response), 'utf8') > MAX_RESPONSE_BYTES) {
    throw new AwsError('BadRequestException', 'Database returned more than the allowed response size limit');
  }
  return response;
}

/** Nothing for a statement that has no result. */
async function recordsOf(
  records: readonly (readonly Field[])[],
  fields: readonly FieldDef[],
  readColumns: () => Promise<object[]>,
  { withMetadata }: AnswerOptions,
): Promise<object> {
  if (fields.length === 0) return {};
  return { records, ...(withMetadata && { columnMetadata: await readColumns() }) };
}
