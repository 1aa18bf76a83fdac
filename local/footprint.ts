const STRING_BYTES = 24;
const OBJECT_BYTES = 40;
const SLOT_BYTES = 8;

/** Values are shared by the states of a run and never changed: each is counted where it turned up first. */
const counted = new WeakSet<object>();

/** Roughly how many bytes of memory a JSON value takes that nothing counted before takes already. */
export function footprint(value: unknown): number {
  if (typeof value === 'string') return STRING_BYTES + value.length;
  if (typeof value !== 'object' || value === null || counted.has(value)) return 0;
  counted.add(value);
  let bytes = OBJECT_BYTES;
  for (const inner of Object.values(value)) bytes += SLOT_BYTES + footprint(inner);
  return bytes;
}
