import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderChart } from './chart.ts';
import { renderMarkdown } from './markdown.ts';
import type { Results } from './results.ts';

/** Writes everything that comes from results.json: tables and charts. */
export async function writeReport(folder: string, results: Results): Promise<void> {
  await writeFile(join(folder, 'results.md'), renderMarkdown(results));
  for (const { name, title, chart } of results.sections) {
    if (chart !== undefined) await writeFile(join(folder, `${name}.svg`), renderChart(chart, title));
  }
}
