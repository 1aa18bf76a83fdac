import { AwsError } from './aws-error.ts';

/** A value bound to a `:name`, with the type that the Data API gives it. */
export interface BoundParameter {
  readonly value: unknown;
  readonly type: string;
}

// What may contain a colon that is no parameter: strings, quoted names, dollar quotes, comments, casts. The
// last alternative is the parameter.
const tokens = new RegExp(
  [
    /(?<!\w)[eE]'(?:[^'\\]|\\[\s\S]|'')*'/,
    /'(?:[^']|'')*'/,
    /"(?:[^"]|"")*"/,
    /\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$/,
    /--[^\n]*/,
    /\/\*[\s\S]*?\*\//,
    /::/,
    /:([A-Za-z_]\w*)/,
  ]
    .map((alternative) => alternative.source)
    .join('|'),
  'g',
);

/**
 * Turns `:name` into `$n` with the type the Data API binds it as. That type matters: a string arrives as
 * varchar, and `where id = :id` fails on a uuid column here as it does on AWS.
 */
export function bindParameters(
  sql: string,
  parameters: ReadonlyMap<string, BoundParameter>,
): { text: string; values: unknown[] } {
  const positions = new Map<string, number>();
  const values: unknown[] = [];
  const text = sql.replace(tokens, (token, _tag: string | undefined, name: string | undefined) => {
    if (name === undefined) return token;
    const parameter = parameters.get(name);
    if (parameter === undefined) {
      throw new AwsError('BadRequestException', `Cannot find parameter: ${name}`);
    }
    let position = positions.get(name);
    if (position === undefined) {
      position = values.push(parameter.value);
      positions.set(name, position);
    }
    return `cast($${position} as ${parameter.type})`;
  });
  return { text, values };
}

const typeHints: Readonly<Record<string, string>> = {
  DATE: 'date',
  DECIMAL: 'numeric',
  JSON: 'jsonb',
  TIME: 'time',
  TIMESTAMP: 'timestamp',
  UUID: 'uuid',
};

/** Reads one `SqlParameter` of a request. */
export function readParameter(parameter: unknown): readonly [string, BoundParameter] {
  const { name, value, typeHint } = (parameter ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof value !== 'object' || value === null) {
    throw new AwsError(
      'BadRequestException',
      `a parameter needs a name and a value: ${JSON.stringify(parameter)}`,
    );
  }
  const [kind, content] =
    Object.entries(value).find(([, entry]) => entry !== null && entry !== undefined) ?? [];
  const hinted = typeof typeHint === 'string' ? typeHints[typeHint] : undefined;
  if (typeHint !== undefined && hinted === undefined) {
    throw new AwsError('BadRequestException', `typeHint must be one of ${Object.keys(typeHints).join(', ')}`);
  }
  switch (kind) {
    case 'isNull':
      return [name, { value: null, type: hinted ?? 'text' }];
    case 'stringValue':
      return [name, { value: content, type: hinted ?? 'varchar' }];
    case 'longValue':
      return [name, { value: content, type: 'bigint' }];
    case 'doubleValue':
      return [name, { value: content, type: 'double precision' }];
    case 'booleanValue':
      return [name, { value: content, type: 'boolean' }];
    case 'blobValue':
      return [name, { value: Buffer.from(String(content), 'base64'), type: 'bytea' }];
    case 'arrayValue':
      throw new AwsError('BadRequestException', 'Array parameters are not supported.');
    default:
      throw new AwsError('BadRequestException', `parameter ${name} has no value`);
  }
}
