import { StateError } from './state-error.ts';

const maxBytes = 262_144;

/** Values are never changed once they exist, so one that was found to fit need not be measured again. */
const fitting = new WeakSet<object>();

export function refuseOversized(value: unknown, state: string): void {
  if (typeof value === 'object' && value !== null) {
    if (fitting.has(value)) return;
    if (!fits(value)) throw oversized(state);
    fitting.add(value);
  } else if (!fits(value)) throw oversized(state);
}

/** Serializing is the exact measure and the dear one: most values are proven small by an upper bound. */
function fits(value: unknown): boolean {
  return room(value, maxBytes) >= 0 || Buffer.byteLength(JSON.stringify(value)) <= maxBytes;
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

function oversized(state: string): StateError {
  return new StateError(
    'States.DataLimitExceeded',
    `The state/task '${state}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );
}
