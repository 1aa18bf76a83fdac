/** Prints the model's tables: `node --import tsx bench/scale/print.ts [folder of results]`. */
import { printSection } from '../report/table.ts';
import { scale } from './scale.ts';

for (const section of await scale({ quick: false, report: () => {} }, process.argv[2])) printSection(section);
