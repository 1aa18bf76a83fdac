const STRING_BYTES = 24;
const OBJECT_BYTES = 40;
const SLOT_BYTES = 8;

/** Roughly how many bytes of memory a JSON value takes. */
export function footprint(value: unknown): number {
  if (typeof value === 'string') return STRING_BYTES + value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let bytes = OBJECT_BYTES;
  for (const inner of Object.values(value)) bytes += SLOT_BYTES + footprint(inner);
  return bytes;
}
