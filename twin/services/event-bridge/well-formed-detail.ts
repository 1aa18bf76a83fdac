const MAX_LEVELS = 1_000;
const [MIN_INTEGER, MAX_INTEGER] = [-(2n ** 63n), 2n ** 63n - 1n];
const number = /-?\d+(\.\d+)?([eE][-+]?\d+)?/y;

/**
 * Whether PutEvents takes the text for a detail: a JSON object of at most 1,000 levels, whose integers have 64 bits.
 * A number with a fraction or an exponent is no integer.
 */
export function isWellFormedDetail(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  } catch {
    return false;
  }
  let level = 0;
  let inText = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (inText) {
      if (character === '\\') at += 1;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === '{' || character === '[') {
      level += 1;
      if (level > MAX_LEVELS) return false;
    } else if (character === '}' || character === ']') level -= 1;
    else if (character === '-' || (character >= '0' && character <= '9')) {
      number.lastIndex = at;
      const [token = '', fraction, exponent] = number.exec(text) ?? [];
      if (fraction === undefined && exponent === undefined && !fitsInt64(token)) return false;
      at += token.length - 1;
    }
  }
  return true;
}

function fitsInt64(integer: string): boolean {
  return integer.length < 19 || (BigInt(integer) >= MIN_INTEGER && BigInt(integer) <= MAX_INTEGER);
}
