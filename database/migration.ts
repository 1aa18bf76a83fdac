import { createHash } from 'node:crypto';

/** One file of database/migrations. After it was applied anywhere it is never edited: write the next one. */
export interface Migration {
  /** The name of the file without its extension, e.g. `0001_outbox_events`. Migrations run in this order. */
  readonly name: string;
  /** Statements separated by the line `--> statement-breakpoint`. */
  readonly sql: string;
}

/** A migration with LF line endings: a checkout on Windows may have CRLF, and that is still the same migration. */
export function migrationText(file: string): string {
  return file.replaceAll('\r\n', '\n');
}

/** The checksum that the database stores for an applied migration. */
export function checksumOf(file: string): string {
  return createHash('sha256').update(migrationText(file)).digest('hex');
}
