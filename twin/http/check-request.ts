import { AwsError } from './aws-error.ts';

/** The part of a service's model that says what a request may hold. */
export type Shape =
  | { readonly type: 'string'; readonly min?: number; readonly max?: number; readonly pattern?: string }
  | { readonly type: 'timestamp' }
  | { readonly type: 'list'; readonly member: Shape; readonly min?: number; readonly max?: number }
  | {
      readonly type: 'structure';
      readonly name: string;
      readonly members: Readonly<Record<string, Shape>>;
      readonly required?: readonly string[];
    };

/**
 * Checks a request as AWS's front ends do, before the service sees it. What the model does not name is ignored.
 * @throws AwsError SerializationException for a member of another type, else ValidationException with every violation
 */
export function checkRequest(shape: Shape, request: unknown): void {
  const violations = check(shape, request, '');
  if (violations.length === 0) return;
  const count = `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected`;
  throw new AwsError('ValidationException', `${count}: ${violations.join('; ')}`);
}

function check(shape: Shape, value: unknown, path: string): string[] {
  if (value === undefined || value === null) {
    return [`Value null at '${path}' failed to satisfy constraint: Member must not be null`];
  }
  switch (shape.type) {
    case 'string':
      if (typeof value !== 'string') throw unexpected(value, 'a String');
      return [
        ...patternViolations(shape.pattern, value, path),
        ...lengthViolations(shape, [...value].length, () => value, path),
      ];
    case 'timestamp':
      // Seconds since 1970. A number that no Date can hold is not a time.
      if (typeof value !== 'number' || Number.isNaN(new Date(value * 1000).getTime()))
        throw unexpected(value, 'a Timestamp');
      return [];
    case 'list':
      if (!Array.isArray(value)) throw new AwsError('SerializationException', 'Expected list or null');
      return [
        ...lengthViolations(shape, value.length, () => print(shape, value), path),
        ...value.flatMap((member, index) => check(shape.member, member, `${path}.${index + 1}.member`)),
      ];
    case 'structure': {
      if (typeof value !== 'object' || Array.isArray(value)) throw unexpected(value, `a ${shape.name}`);
      const given = value as Readonly<Record<string, unknown>>;
      return Object.entries(shape.members).flatMap(([name, member]) => {
        const isGiven = given[name] !== undefined && given[name] !== null;
        if (!isGiven && !shape.required?.includes(name)) return [];
        return check(member, given[name], `${path === '' ? '' : `${path}.`}${lowerFirst(name)}`);
      });
    }
  }
}

function patternViolations(pattern: string | undefined, value: string, path: string): string[] {
  if (pattern === undefined || new RegExp(`^(?:${pattern})$`).test(value)) return [];
  return [violation(value, path, `Member must satisfy regular expression pattern: ${pattern}`)];
}

function lengthViolations(
  { min = 0, max = Number.POSITIVE_INFINITY }: { readonly min?: number; readonly max?: number },
  length: number,
  value: () => string,
  path: string,
): string[] {
  if (length >= min && length <= max) return [];
  const bound = length < min ? `greater than or equal to ${min}` : `less than or equal to ${max}`;
  return [violation(value(), path, `Member must have length ${bound}`)];
}

const violation = (value: string, path: string, constraint: string) =>
  `Value '${value}' at '${path}' failed to satisfy constraint: ${constraint}`;

const tokens: Readonly<Record<string, string>> = {
  number: 'NUMBER_VALUE',
  boolean: 'BOOLEAN_VALUE',
  string: 'STRING_VALUE',
};

function unexpected(value: unknown, wanted: string): AwsError {
  const token = tokens[typeof value];
  if (token !== undefined)
    return new AwsError('SerializationException', `${token} can not be converted to ${wanted}`);
  const start = Array.isArray(value) ? 'list' : 'structure or map';
  return new AwsError('SerializationException', `Start of ${start} found where not expected.`);
}

/** As Java prints it, because AWS's front ends are written in Java. */
function print(shape: Shape, value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (shape.type === 'list') {
    return `[${(value as readonly unknown[]).map((member) => print(shape.member, member)).join(', ')}]`;
  }
  if (shape.type !== 'structure') return String(value);
  const given = value as Readonly<Record<string, unknown>>;
  const members = Object.entries(shape.members).map(
    ([name, member]) => `${lowerFirst(name)}=${print(member, given[name])}`,
  );
  return `${shape.name}(${members.join(', ')})`;
}

const lowerFirst = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
