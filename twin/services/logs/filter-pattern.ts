import { AwsError } from '../../http/aws-error.ts';

export interface LogFilter {
  /** Where every match has to be of one execution: no other execution needs to be looked at. */
  readonly executionArn: string | undefined;
  /** `text` is the event as it is logged, made only for a pattern that reads it. */
  accepts(event: object, text: () => string): boolean;
}

/**
 * Reads `{ $.field = "value" && ($.other = 1 || $.third != a*) }`, or words and quoted phrases that all have to be in
 * the text. What else AWS knows is refused.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function parseFilter(pattern: string): LogFilter {
  const [, body] = /^\s*\{(.*)\}\s*$/s.exec(pattern) ?? [];
  if (body === undefined) {
    const words = (pattern.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []).map(readValue);
    return { executionArn: undefined, accepts: (_, text) => words.every((word) => text().includes(word)) };
  }
  const { matches, only } = parseConditions(body);
  return { executionArn: only, accepts: matches };
}

interface Condition {
  matches(event: object): boolean;
  /** The ARN that an event's `execution_arn` must have. */
  readonly only?: string | undefined;
}

const token = /\s*(\(|\)|&&|\|\||\$\.[\w.]+\s*!?=\s*(?:"(?:[^"\\]|\\.)*"|[\w.:/@*-]+))\s*/y;

/** `&&` binds more than `||`, as in AWS. */
function parseConditions(body: string): Condition {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < body.length) {
    const from = token.lastIndex;
    const found = token.exec(body)?.[1];
    if (found === undefined) throw unsupported(body.slice(from).trim());
    tokens.push(found);
  }
  const any = (): Condition => {
    const parts = list(all, '||');
    return { matches: (event) => parts.some((part) => part.matches(event)), only: sole(parts)?.only };
  };
  const all = (): Condition => {
    const parts = list(one, '&&');
    return {
      matches: (event) => parts.every((part) => part.matches(event)),
      only: parts.find(({ only }) => only !== undefined)?.only,
    };
  };
  const one = (): Condition => {
    const next = tokens.shift();
    if (next !== '(') return parseCondition(next ?? '');
    const inner = any();
    if (tokens.shift() !== ')') throw unsupported(body);
    return inner;
  };
  const list = (part: () => Condition, separator: string): Condition[] => {
    const parts = [part()];
    while (tokens[0] === separator) {
      tokens.shift();
      parts.push(part());
    }
    return parts;
  };
  const condition = any();
  if (tokens.length > 0) throw unsupported(body);
  return condition;
}

const sole = <T>(items: readonly T[]): T | undefined => (items.length === 1 ? items[0] : undefined);

function parseCondition(part: string): Condition {
  const [, path = '', operator, given = ''] = /^\$\.([\w.]+)\s*(!?=)\s*(.+)$/s.exec(part) ?? [];
  if (operator === undefined) throw unsupported(part);
  const equal = operator === '=';
  const value = readValue(given);
  const pattern = new RegExp(`^${value.replace(/[\\^$.+?()[\]{}|]/g, '\\$&').replaceAll('*', '.*')}$`, 's');
  return {
    matches: (event) => pattern.test(String(valueAt(event, path.split('.')))) === equal,
    only: path === 'execution_arn' && equal && !value.includes('*') ? value : undefined,
  };
}

function valueAt(event: unknown, [field, ...rest]: readonly string[]): unknown {
  if (field === undefined) return event;
  return typeof event === 'object' && event !== null && Object.hasOwn(event, field)
    ? valueAt((event as Record<string, unknown>)[field], rest)
    : undefined;
}

function readValue(text: string): string {
  const [, quoted, bare] = /^(?:"((?:[^"\\]|\\.)*)"|([\w.:/@*-]+))$/s.exec(text) ?? [];
  if (quoted !== undefined) return quoted.replace(/\\(.)/gs, '$1');
  if (bare === undefined || bare.startsWith('-')) throw unsupported(text);
  return bare;
}

function unsupported(part: string): AwsError {
  return new AwsError(
    'InvalidParameterException',
    `Invalid filter pattern: the twin knows words, "phrases" and { $.field = "value" } with !=, &&, || and parentheses, received ${part || 'nothing'}`,
  );
}
