import { StateError } from './state-error.ts';

const maxBytes = 262_144;

class DataLimit extends StateError {
  constructor(subject: string) {
    super(
      'States.DataLimitExceeded',
      `The state/task '${subject}' returned a result with a size exceeding the maximum number of bytes service limit.`,
    );
    this.name = 'DataLimit';
  }
}

/** No wildcard matches this error. AWS documents this for every data limit, but recordings show that States.ALL catches that of a task's result. */
export class TerminalDataLimit extends DataLimit {}

/** Checks the size of a state's input or output. */
export function refuseOversized(value: unknown, state: string): void {
  if (isOversized(value)) throw new TerminalDataLimit(state);
}

/** Checks the size of a task's result: the error names the service, not the state. */
export function refuseOversizedResult(value: unknown, resourceType: string): void {
  if (isOversized(value)) throw new DataLimit(resourceType);
}

/** Values that fit. They are immutable, so they need not be measured again. */
const fitting = new WeakSet<object>();

function isOversized(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return !fits(value);
  if (fitting.has(value)) return false;
  if (!fits(value)) return true;
  fitting.add(value);
  return false;
}

/** Serializing is exact but slow; a cheap upper bound clears most values. */
function fits(value: unknown): boolean {
  return room(value, maxBytes) >= 0 || jsonBytes(value) <= maxBytes;
}

/** Serializes piece by piece: a string of 200 KB would stay in memory until the next major garbage collection. */
function jsonBytes(value: unknown): number {
  if (typeof value !== 'object' || value === null) return Buffer.byteLength(JSON.stringify(value) ?? 'null');
  let bytes = 2;
  const keys = Object.keys(value);
  for (const key of keys) {
    const inner = (value as Record<string, unknown>)[key];
    if (Array.isArray(value)) bytes += jsonBytes(inner);
    else if (inner !== undefined) bytes += Buffer.byteLength(JSON.stringify(key)) + 1 + jsonBytes(inner);
  }
  return bytes + Math.max(0, keys.length - 1);
}

const bytesPerCharacter = 6; // a control character as \u001f
const bytesPerNumber = 25;

function room(value: unknown, bytes: number): number {
  if (typeof value === 'string') return bytes - value.length * bytesPerCharacter - 3;
  if (typeof value !== 'object' || value === null) return bytes - bytesPerNumber;
  let left = bytes - 3;
  for (const key of Object.keys(value)) {
    if (left < 0) return left;
    if (!Array.isArray(value)) left -= key.length * bytesPerCharacter + 3;
    left = room((value as Record<string, unknown>)[key], left);
  }
  return left;
}
