import Table from 'cli-table3';
import type { Section } from '../section.ts';
import { formatCell, isNumeric } from './numbers.ts';

/** A section as text for the terminal. */
export function renderTable({ title, method, columns, rows, notes = [] }: Section): string {
  const table = new Table({
    head: [...columns],
    colAligns: columns.map((_, index) => (isNumeric(rows, index) ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows.map((row) => row.map(formatCell)));
  return [`\n${title}`, method, table.toString(), ...notes.map((note) => `* ${note}`)].join('\n');
}

export function printSection(section: Section): void {
  console.log(renderTable(section));
}
