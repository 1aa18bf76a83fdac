import { readResults } from '../report/results.ts';
import type { Options, Section } from '../section.ts';
import { defaults, type Inputs } from './inputs.ts';
import { fitHistory } from './measured.ts';
import { tables } from './tables.ts';

/** The model's tables; what `results.json` in the folder has measured goes before what is assumed. */
export async function scale(options: Options, folder = 'bench/results'): Promise<Section[]> {
  options.report('computing the model');
  return tables(await scaleInputs(folder));
}

export async function scaleInputs(folder: string): Promise<Inputs> {
  const results = await readResults(folder);
  return fitHistory(
    defaults,
    results?.sections.find(({ name }) => name === 'per-event'),
  );
}
