import { createHash } from 'node:crypto';

/** A migration with LF line endings: a checkout on Windows may have CRLF, and that is still the same migration. */
export function migrationText(file: string): string {
  return file.replaceAll('\r\n', '\n');
}

/** The checksum that the database stores for an applied migration. */
export function checksumOf(file: string): string {
  return createHash('sha256').update(migrationText(file)).digest('hex');
}
