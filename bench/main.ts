import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { makeFolder, readResults } from './report/results.ts';
import { type Benchmark, chosen, runBenchmarks } from './report/run.ts';
import { printSection } from './report/table.ts';
import { writeReport } from './report/write.ts';

/** All benchmarks in their order. */
const benchmarks: readonly Benchmark[] = [
  { name: 'drain', run: async (options) => (await import('./head-to-head/drain.ts')).drain(options) },
  {
    name: 'webhooks',
    run: async (options) => (await import('./head-to-head/webhooks.ts')).webhooks(options),
  },
  {
    name: 'ordered',
    run: async (options) => (await import('./head-to-head/ordered.ts')).orderedDrain(options),
  },
  { name: 'latency', run: async (options) => (await import('./head-to-head/latency.ts')).latency(options) },
  {
    name: 'duplicates',
    run: async (options) => (await import('./head-to-head/duplicates.ts')).duplicates(options),
  },
  { name: 'backlog', run: async (options) => (await import('./database/backlog.ts')).backlog(options) },
  {
    name: 'ordered-claims',
    run: async (options) => (await import('./database/ordered-claims.ts')).orderedClaims(options),
  },
  { name: 'cleanup', run: async (options) => (await import('./database/cleanup.ts')).cleanup(options) },
  { name: 'bloat', run: async (options) => (await import('./database/bloat.ts')).bloat(options) },
  { name: 'handlers', run: async (options) => (await import('./database/handlers.ts')).handlers(options) },
  { name: 'twin', run: async (options) => (await import('./twin/twin-drain.ts')).twinDrain(options) },
  { name: 'per-event', run: async (options) => (await import('./twin/per-event.ts')).perEvent(options) },
  { name: 'promptness', run: async (options) => (await import('./twin/promptness.ts')).promptness(options) },
  {
    name: 'scale',
    computed: true,
    run: async (options, folder) => (await import('./scale/scale.ts')).scale(options, folder),
  },
];

const command: Command = new Command()
  .name('node --import tsx bench/main.ts')
  .description('Measures the outbox processor, and what it is compared with.')
  .option('--quick', 'fewer contenders and smaller numbers: about 4 minutes instead of 20')
  .option('--only <sections>', 'sections to measure, separated by commas; the others keep their results')
  .option('--out <folder>', 'where results are written', fileURLToPath(new URL('results', import.meta.url)))
  .option('--render', 'measure nothing: draw tables and charts from results.json again')
  .addHelpText('after', `\nSections: ${benchmarks.map(({ name }) => name).join(', ')}`)
  .allowExcessArguments(false)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse();
const {
  quick = false,
  only,
  out,
  render,
} = command.opts<{
  quick?: true;
  only?: string;
  out: string;
  render?: true;
}>();

if (render) {
  const results = await readResults(out);
  if (results === undefined) command.error(`there is no results.json in ${out}`);
  results.sections.forEach(printSection);
  await writeReport(out, results);
} else {
  let selected: readonly Benchmark[] = [];
  try {
    selected = chosen(benchmarks, only?.split(',') ?? []);
    await makeFolder(out);
  } catch (error) {
    command.error((error as Error).message);
  }
  const results = await runBenchmarks(selected, out, { quick, order: benchmarks });
  await writeReport(out, results);
  console.log(`\n${results.sections.length} sections in ${out}`);
  if (results.failures.length > 0) {
    console.error(`failed: ${results.failures.map(({ name, reason }) => `${name} (${reason})`).join(', ')}`);
    process.exitCode = 1;
  }
}
