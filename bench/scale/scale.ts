import { readResults } from '../report/results.ts';
import type { Options, Section } from '../section.ts';
import { defaults } from './inputs.ts';
import { fitHistory } from './measured.ts';
import { tables } from './tables.ts';

/** The tables of the model; measurements in the folder's `results.json` replace assumptions. */
export async function scale(options: Options, folder = 'bench/results'): Promise<Section[]> {
  options.report('computing the model');
  const results = await readResults(folder);
  const perEvent = results?.sections.find(({ name }) => name === 'per-event');
  return tables(fitHistory(defaults, perEvent));
}
