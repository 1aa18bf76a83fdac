import { AwsError } from '../../http/aws-error.ts';
import { stringifyExact } from '../../http/exact-json.ts';

/** A value bound to a `:name`, with the type that the Data API gives it. */
export interface BoundParameter {
  readonly value: unknown;
  /** Undefined for a null without a hint: PostgreSQL infers it from the place where it stands. */
  readonly type: string | undefined;
}

// What may contain a colon that is no parameter: strings, quoted names, dollar quotes, comments, casts. The
// last two alternatives are the parameters: drivers number theirs, and a slice such as [1:2] is none of them.
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
    /(?<![\w\])]):(\d+)\b/,
  ]
    .map((alternative) => alternative.source)
    .join('|'),
  'g',
);

/**
 * Turns `:name` into `$n` with the type the Data API binds it as. That type matters: a string arrives as
 * varchar, and `where id = :id` fails on a uuid column here as it does on AWS. A name that comes twice is bound
 * twice, as on AWS: PostgreSQL does not know that both are the same.
 */
export function bindParameters(
  sql: string,
  parameters: ReadonlyMap<string, BoundParameter>,
): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const text = sql.replace(
    tokens,
    (token, _tag: string | undefined, name: string | undefined, number: string | undefined) => {
      if (name === undefined && number === undefined) return token;
      const parameter = parameters.get(name ?? number ?? '');
      if (parameter !== undefined) {
        const position = `$${values.push(parameter.value)}`;
        return parameter.type === undefined ? position : `cast(${position} as ${parameter.type})`;
      }
      // Digits are a parameter only when there is one of that name.
      if (name === undefined) return token;
      throw new AwsError('BadRequestException', `Cannot find parameter: ${name}`);
    },
  );
  return { text, values };
}

interface Hint {
  readonly type: string;
  /** What the Data API accepts, where PostgreSQL would take more. */
  readonly format?: readonly [RegExp, string];
}

// https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/API_SqlParameter.html
const typeHints: Readonly<Record<string, Hint>> = {
  DATE: { type: 'date', format: [/^\d{4,}-\d\d-\d\d$/, 'YYYY-MM-DD'] },
  DECIMAL: { type: 'numeric', format: [/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, 'a decimal number'] },
  JSON: { type: 'jsonb' },
  TIME: { type: 'time', format: [/^\d\d:\d\d:\d\d(\.\d{1,9})?$/, 'HH:MM:SS[.FFF]'] },
  TIMESTAMP: {
    type: 'timestamp',
    format: [/^\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})?$/, 'YYYY-MM-DD HH:MM:SS[.FFF]'],
  },
  UUID: { type: 'uuid', format: [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'a uuid'] },
};

/** Reads one `SqlParameter` of a request. */
export function readParameter(parameter: unknown): readonly [string, BoundParameter] {
  const { name, value, typeHint } = (parameter ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof value !== 'object' || value === null) {
    throw refused(`a parameter needs a name and a value: ${stringifyExact(parameter)}`);
  }
  const [kind, content] = givenValue(name, value);
  return [name, typeHint == null ? bind(name, kind, content) : bindHinted(name, kind, content, typeHint)];
}

function givenValue(name: string, value: object): readonly [kind: string, content: unknown] {
  const { isNull, ...given } = value as Record<string, unknown>;
  // Other fields are ignored: some clients also send the fields that they do not use.
  if (isNull === true) return ['isNull', true];
  const [first, second] = Object.entries(given).filter(([, content]) => content !== null);
  if (first === undefined) throw refused(`Parameter "${name}" has value with no field set`);
  if (second !== undefined) throw refused(`Parameter "${name}" has two values: ${first[0]} and ${second[0]}`);
  return first;
}

function bind(name: string, kind: string, content: unknown): BoundParameter {
  const wrong = (wanted: string) =>
    new AwsError(
      'SerializationException',
      `${kind} of parameter ${name} must be ${wanted}, received ${stringifyExact(content).slice(0, 200)}`,
    );
  switch (kind) {
    case 'isNull':
      return { value: null, type: undefined };
    case 'stringValue':
      if (typeof content !== 'string') throw wrong('a string');
      return { value: content, type: 'varchar' };
    case 'longValue':
      if (!isInt64(content)) throw wrong('an integer of 64 bits');
      return { value: content, type: 'bigint' };
    case 'doubleValue':
      if (!isDouble(content)) throw wrong('a number, or "NaN", "Infinity" or "-Infinity"');
      return { value: String(content), type: 'double precision' };
    case 'booleanValue':
      if (typeof content !== 'boolean') throw wrong('true or false');
      return { value: content, type: 'boolean' };
    case 'blobValue':
      if (typeof content !== 'string') throw wrong('a string in base64');
      return { value: Buffer.from(content, 'base64'), type: 'bytea' };
    case 'arrayValue':
      throw refused('Array parameters are not supported.');
    default:
      throw refused(`parameter ${name} has a value of unknown kind: ${kind}`);
  }
}

function bindHinted(name: string, kind: string, content: unknown, typeHint: unknown): BoundParameter {
  const hint = typeof typeHint === 'string' ? typeHints[typeHint] : undefined;
  if (hint === undefined) {
    throw refused(
      `typeHint must be one of ${Object.keys(typeHints).join(', ')}, received ${stringifyExact(typeHint)}`,
    );
  }
  if (kind === 'isNull') return { ...bind(name, kind, content), type: hint.type };
  const { value } = bind(name, kind, content);
  if (kind !== 'stringValue')
    throw refused(`parameter ${name} with typeHint ${typeHint} must be a stringValue, received a ${kind}`);
  const [pattern, wanted] = hint.format ?? [/^/, ''];
  if (!pattern.test(content as string))
    throw refused(`parameter ${name} with typeHint ${typeHint} must be ${wanted}, received ${content}`);
  return { value, type: hint.type };
}

function isInt64(value: unknown): value is number | bigint {
  return typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value);
}

function isDouble(value: unknown): boolean {
  return ['number', 'bigint'].includes(typeof value) || /^(NaN|-?Infinity)$/.test(String(value));
}

function refused(message: string): AwsError {
  return new AwsError('BadRequestException', message);
}
