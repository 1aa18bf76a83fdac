import type { Row } from './data-api.ts';

/** Reads the columns of one row by position, as the Data API returns them; an error describes the unexpected value. */
export class RowReader {
  readonly #row: Row;

  constructor(row: Row | undefined) {
    if (row === undefined) throw new TypeError('expected a row, the statement returned none');
    this.#row = row;
  }

  text(column: number): string {
    const value = this.#row[column];
    if (typeof value !== 'string') throw this.#unexpected(column, 'text');
    return value;
  }

  optionalText(column: number): string | undefined {
    return this.#isAbsent(column) ? undefined : this.text(column);
  }

  number(column: number): number {
    const value = this.#row[column];
    if (typeof value !== 'number') throw this.#unexpected(column, 'a number');
    return value;
  }

  optionalNumber(column: number): number | undefined {
    return this.#isAbsent(column) ? undefined : this.number(column);
  }

  boolean(column: number): boolean {
    const value = this.#row[column];
    if (typeof value !== 'boolean') throw this.#unexpected(column, 'a boolean');
    return value;
  }

  bytes(column: number): Uint8Array {
    const value = this.#row[column];
    if (!(value instanceof Uint8Array)) throw this.#unexpected(column, 'bytes');
    return value;
  }

  #isAbsent(column: number): boolean {
    return (this.#row[column] ?? null) === null;
  }

  #unexpected(column: number, wanted: string): TypeError {
    return new TypeError(`column ${column}: expected ${wanted}, got ${typeof this.#row[column]}`);
  }
}
