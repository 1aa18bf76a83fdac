import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { figure } from '../figure.ts';
import { median, type Options, type Section } from '../section.ts';
import { type AwsStub, startAwsStub } from './aws-stub.ts';
import { environment, events } from './handler-calls.ts';

const run = promisify(execFile);
const bundles = fileURLToPath(new URL('../../dist/lambdas', import.meta.url));
const STARTS = 5;
const KB = 1024;

// In a separate process without a loader, so that only Node and the bundle are measured. The answer is on the
// last line, because the handler logs too.
const CHILD = `
  const [bundle, event] = process.argv.slice(1);
  const startedAt = performance.now();
  const { handler } = await import(bundle);
  const importMs = performance.now() - startedAt;
  const residentBytes = process.memoryUsage.rss();
  if (event !== 'null') await handler(JSON.parse(event), { awsRequestId: 'bench', functionName: 'bench' });
  console.log('\\n' + JSON.stringify({ importMs, residentBytes, peakKb: process.resourceUsage().maxRSS }));`;

/** Measures a cold start of every function: size, import, memory. */
export async function handlers(options: Options): Promise<Section> {
  const stub = await startAwsStub();
  try {
    const measured: Measured[] = [];
    for (const name of (await bundleNames()).sort()) {
      options.report(`starting ${name}`);
      measured.push(await measure(name, options.quick ? 1 : STARTS, stub));
    }
    return section(measured, options.quick ? 1 : STARTS);
  } finally {
    await stub.stop();
  }
}

async function bundleNames(): Promise<string[]> {
  const names = await readdir(bundles).catch(() => []);
  if (names.length === 0) throw new Error('dist/lambdas is empty: run npm run build first');
  return names;
}

interface Measured {
  readonly name: string;
  readonly bundleBytes: number;
  readonly starts: readonly Start[];
}

interface Start {
  readonly importMs: number;
  readonly residentBytes: number;
  readonly peakKb: number;
}

async function measure(name: string, starts: number, stub: AwsStub): Promise<Measured> {
  const bundle = join(bundles, name, 'index.mjs');
  const event = JSON.stringify(events[name] ?? null);
  const found: Start[] = [];
  for (let start = 0; start < starts; start += 1) {
    const { stdout } = await run(
      process.execPath,
      ['--input-type=module', '--eval', CHILD, pathToFileURL(bundle).href, event],
      { env: { ...environment, AWS_ENDPOINT_URL: stub.url } },
    );
    found.push(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Start);
  }
  return { name, bundleBytes: (await stat(bundle)).size, starts: found };
}

function section(measured: readonly Measured[], starts: number): Section {
  const importMs = ({ starts }: Measured) => figure(median(starts.map((start) => start.importMs)));
  return {
    name: 'handlers',
    title: 'Cold starts of the functions',
    method:
      `Every bundle is imported by Node ${process.versions.node} in ${starts} processes of its own; the medians. Peak memory is ` +
      'after one call against a local stand-in: 200 events claimed, 10 events published.',
    columns: ['function', 'bundle KB', 'import ms', 'resident MB after import', 'peak MB with one call'],
    rows: measured.map((each) => [
      each.name,
      figure(each.bundleBytes / KB),
      importMs(each),
      figure(median(each.starts.map(({ residentBytes }) => residentBytes)) / KB / KB),
      each.name in events ? figure(median(each.starts.map(({ peakKb }) => peakKb)) / KB) : null,
    ]),
    chart: {
      kind: 'bars',
      unit: 'ms',
      labels: measured.map(({ name }) => name),
      series: [{ name: 'import', values: measured.map(importMs) }],
    },
  };
}
