import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WrongUsage } from '../cli/exit-codes.ts';
import type { Outcome, Result } from './runner.ts';

export interface Report {
  readonly startedAt: string;
  /** The target: the twin or a stack. */
  readonly place: string;
  readonly region?: string;
  /** An endpoint used instead of AWS, so that the report is not an observation of AWS. */
  readonly endpoint?: string;
  /** Version of the outbox in this checkout. */
  readonly version: string;
  readonly disturb: boolean;
  /** It ended before all scenarios were run. */
  readonly interrupted: boolean;
  readonly seconds: number;
  readonly results: readonly Result[];
  /** Resources that could not be removed. */
  readonly leftBehind?: string;
}

/**
 * Makes the folder before the scenarios, which take minutes. Its parent must be there: with `recursive`, Node.js tries
 * for ever where no folder can be made, as in /proc or behind a symbolic link to nothing.
 */
export async function makeReportFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST' && (await stat(folder)).isDirectory();
    if (!isThere)
      throw new WrongUsage(
        `no report can be written to "${folder}" (${(error as Error).message}): give another --report`,
      );
  }
}

/** Writes the report as JSON and as Markdown. Returns the path of the Markdown file. */
export async function writeReport(folder: string, report: Report): Promise<string> {
  const name = `certify-${report.startedAt.replace(/[:.]/g, '-')}`;
  await writeFile(join(folder, `${name}.json`), anonymous(`${JSON.stringify(report, null, 2)}\n`));
  const path = join(folder, `${name}.md`);
  await writeFile(path, anonymous(toMarkdown(report)));
  return path;
}

/** Reports are shared, so they must not contain the account id. */
function anonymous(text: string): string {
  return text.replace(/(?<=[:/_])\d{12}(?=[:/_])/g, '<account>');
}

export const counted = (results: readonly Result[], outcome: Outcome) =>
  results.filter((result) => result.outcome === outcome).length;

export function toMarkdown({ results, ...report }: Report): string {
  const facts = [
    ['where', report.place],
    ['region', report.region ?? 'as the environment says'],
    ...(report.endpoint === undefined
      ? []
      : [['endpoint', `${report.endpoint}, so this is no observation of AWS`]]),
    ['began', report.startedAt],
    ['took', `${report.seconds} s`],
    ['version', report.version],
    ['--disturb', report.disturb ? 'yes' : 'no'],
    [
      'found',
      `${counted(results, 'same')} as on the twin, ${counted(results, 'differs')} different, ${counted(results, 'skipped')} skipped`,
    ],
    ...(report.interrupted ? [['ended early', 'scenarios that are not listed were not run']] : []),
    ...(report.leftBehind === undefined ? [] : [['left behind', report.leftBehind]]),
  ];
  const different = results.filter(({ outcome }) => outcome === 'differs');
  return [
    '# What the outbox showed\n',
    table(['', ''], facts),
    ...(different.length === 0 ? [] : ['## What differs\n', ...different.map(differences)]),
    '## All scenarios\n',
    table(
      ['scenario', 'outcome', 'fact', 'seconds', 'notes'],
      results.map(({ id, outcome, sentence, seconds, reason, notes }) => [
        `\`${id}\``,
        outcome,
        sentence,
        String(seconds),
        [...(reason === undefined ? [] : [reason]), ...notes].join('; '),
      ]),
    ),
  ].join('\n');
}

function differences({ id, sentence, differences }: Result): string {
  const rows = differences.map(({ key, expected, observed }) => [`\`${key}\``, expected, observed]);
  return `### ${id}\n\n${sentence}\n\n${table(['', 'expected', 'observed'], rows)}`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/\s+/g, ' ')).join(' | ')} |`;
  return `${[line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n')}\n`;
}
