import type { Section } from '../section.ts';
import { formatCell, isNumeric } from './numbers.ts';
import type { Machine, MeasuredSection, Results } from './results.ts';

/** All tables as Markdown, for the documents. */
export function renderMarkdown({ machine, date, sections, failures }: Results): string {
  return [
    '# Results',
    `${describe(machine)}; ${date.slice(0, 10)}. Written by \`node --import tsx bench/main.ts\` from [results.json](results.json).`,
    ...sections.flatMap((section) => renderSection(section, machine)),
    ...failures.map(({ name, reason }) => `**${name} failed**: ${inCell(reason)}`),
    '',
  ].join('\n\n');
}

const describe = ({ cpu, cores, memoryGb, node, postgres, commit }: Machine) =>
  `${cpu}, ${cores} cores, ${memoryGb} GB; Node.js ${node}, PostgreSQL ${postgres}${commit === null ? '' : `; commit ${commit}`}`;

function renderSection(section: MeasuredSection, machine: Machine): string[] {
  const elsewhere =
    describe(section.machine) === describe(machine) ? '' : ` Measured on ${describe(section.machine)}.`;
  const quick = section.quick ? ' A quick run: smaller numbers.' : '';
  return [
    `## ${section.title}`,
    `${section.method}${quick}${elsewhere}`,
    ...(section.chart === undefined ? [] : [`![${section.title}](${section.name}.svg)`]),
    renderRows(section),
    ...(section.notes?.length ? [section.notes.map((note) => `- ${note}`).join('\n')] : []),
  ];
}

function renderRows({ columns, rows }: Section): string {
  const line = (cells: readonly string[]) => `| ${cells.map(inCell).join(' | ')} |`;
  const rule = columns.map((_, index) => (isNumeric(rows, index) ? '--:' : '---'));
  return [line(columns), `|${rule.join('|')}|`, ...rows.map((row) => line(row.map(formatCell)))].join('\n');
}

const inCell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
