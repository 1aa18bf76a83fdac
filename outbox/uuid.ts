// 32 hexadecimal digits in groups of 4, of any version and variant, with or without hyphens between the groups.
const DIGITS = '(?:[0-9a-f]{4}-?){7}[0-9a-f]{4}';
const UUID = new RegExp(`^(?:${DIGITS}|\\{${DIGITS}\\})$`, 'i');

/**
 * A uuid as PostgreSQL prints it, from any text that PostgreSQL reads as one; undefined for every other text.
 * Producers choose their ids, and many are no uuids of RFC 9562, for example those made with md5.
 */
export function canonicalUuid(text: string): string | undefined {
  if (!UUID.test(text)) return undefined;
  const digits = text.replace(/[{}-]/g, '').toLowerCase();
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
