import { AwsError } from './aws-error.ts';
import { stringifyExact } from './exact-json.ts';

/** The caller that waits for an answer. */
export interface Caller {
  /** The length of the request. */
  readonly bytes: number;
  /** Calls back when the caller no longer waits for the answer. */
  readonly onLeave: (listener: () => void) => void;
}

export const nobody: Caller = { bytes: 0, onLeave: () => undefined };

/** The JSON body of an AWS request, read field by field, with AWS's error for a field of the wrong type. */
export class RequestBody {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #complaint: string;
  readonly caller: Caller;

  constructor(fields: unknown, complaint = 'ValidationException', caller = nobody) {
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
      throw new AwsError('SerializationException', 'the body must be a json object');
    }
    this.#fields = fields as Readonly<Record<string, unknown>>;
    this.#complaint = complaint;
    this.caller = caller;
  }

  /** The fields as received, for a check against the service's model. */
  get fields(): Readonly<Record<string, unknown>> {
    return this.#fields;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null;
  }

  optionalText(name: string): string | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#fields[name];
    if (typeof value !== 'string') throw this.#wrong(name, 'a string');
    return value;
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw this.#wrong(name, 'a string');
    return value;
  }

  optionalNumber(name: string): number | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#fields[name];
    if (typeof value !== 'number') throw this.#wrong(name, 'a number');
    return value;
  }

  flag(name: string): boolean {
    return this.#fields[name] === true;
  }

  list(name: string): readonly unknown[] {
    const value = this.#fields[name] ?? [];
    if (!Array.isArray(value)) throw this.#wrong(name, 'a list');
    return value as readonly unknown[];
  }

  /** Empty when it is not given. */
  object(name: string): object {
    const value = this.#fields[name] ?? {};
    if (typeof value !== 'object' || Array.isArray(value)) throw this.#wrong(name, 'an object');
    return value;
  }

  oneOf(name: string, allowed: readonly string[]): string | undefined {
    const value = this.optionalText(name);
    if (value === undefined || allowed.includes(value)) return value;
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${value.slice(0, 200)}' at '${name}' failed to satisfy constraint: Member must satisfy enum value set: [${allowed.join(', ')}]`,
    );
  }

  #wrong(name: string, wanted: string): AwsError {
    const received = this.has(name) ? stringifyExact(this.#fields[name]) : 'nothing';
    return new AwsError(this.#complaint, `${name} must be ${wanted}, received ${received.slice(0, 200)}`);
  }
}
