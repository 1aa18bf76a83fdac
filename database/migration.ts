import { createHash } from 'node:crypto';

/** One file of database/migrations. Never edited once it was applied anywhere: write the next one. */
export interface Migration {
  /** The file's name without its ending, e.g. `0001_outbox_events`. Migrations run in this order. */
  readonly name: string;
  /** Statements separated by lines that say `--> statement-breakpoint`. */
  readonly sql: string;
}

/** A migration with line feeds only: a checkout on Windows may end its lines with CRLF, and is no other migration. */
export function migrationText(file: string): string {
  return file.replaceAll('\r\n', '\n');
}

/** What the database keeps of a migration that was applied. */
export function checksumOf(file: string): string {
  return createHash('sha256').update(migrationText(file)).digest('hex');
}
