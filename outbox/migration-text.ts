import { createHash } from 'node:crypto';

/** A migration with line feeds only: a checkout on Windows may end its lines with CRLF, and is no other migration. */
export function migrationText(file: string): string {
  return file.replaceAll('\r\n', '\n');
}

/** What the database keeps of a migration that was applied. */
export function checksumOf(file: string): string {
  return createHash('sha256').update(migrationText(file)).digest('hex');
}
