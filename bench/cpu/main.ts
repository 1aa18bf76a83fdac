import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { synthesize } from '../../local/synthesize.ts';
import { readCloudAssembly } from '../../twin/template/cloud-assembly.ts';
import type { FunctionResource } from '../../twin/template/function.ts';
import { figure } from '../figure.ts';
import { describeMachine } from '../report/results.ts';
import { printSection } from '../report/table.ts';
import { median } from '../section.ts';
import { type AwsOverTls, startAwsOverTls } from './aws-over-tls.ts';
import { functionOf, type HeavyCall, heavyCalls } from './calls.ts';
import { type CpuQuota, cpuShare, createQuota } from './quota.ts';

const WARM_CALLS = 4;
const script = fileURLToPath(new URL('environment.mjs', import.meta.url));

const options = new Command()
  .name('node --import tsx bench/cpu/main.ts')
  .description('What the heaviest calls of the functions take with the CPU of a memory size. Linux, as root.')
  .option('--memory <sizes>', 'megabytes, separated by commas', '256,512,1024')
  .option('--repeat <times>', 'processes for each', '5')
  .option('--node <path>', "the runtime's Node: Lambda's is 24", process.execPath)
  .allowExcessArguments(false)
  .parse()
  .opts<{ memory: string; repeat: string; node: string }>();

interface Taken {
  readonly ms: number;
  readonly cpuMs: number;
}

interface Start {
  /** Until the bundle is loaded. */
  readonly init: Taken;
  readonly calls: readonly Taken[];
}

interface Size {
  readonly memoryMb: number;
  readonly quota: CpuQuota | undefined;
}

/** Starts an environment. `wholly`: the start itself has only the share of a core, too. */
async function start(
  fn: FunctionResource,
  payloadFile: string,
  { memoryMb, quota }: Size,
  aws: AwsOverTls,
  wholly: boolean,
): Promise<Start> {
  const bundle = pathToFileURL(join(fn.codeFolder, 'index.mjs')).href;
  const command = [
    options.node,
    `--max-old-space-size=${Math.round(memoryMb * 0.9)}`,
    script,
    bundle,
    payloadFile,
  ];
  const parameters = [String(wholly ? 1 : 1 + WARM_CALLS), ...(quota && !wholly ? [quota.entrance] : [])];
  const enter = quota !== undefined && wholly ? `echo $$ > ${quota.entrance}; ` : '';
  const { stdout } = await promisify(execFile)(
    'sh',
    ['-c', `${enter}exec "$@"`, 'sh', ...command, ...parameters],
    {
      maxBuffer: 64 * 1024 * 1024,
      env: {
        ...fn.environment,
        PATH: process.env['PATH'],
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'bench',
        AWS_SECRET_ACCESS_KEY: 'bench',
        AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
        AWS_ENDPOINT_URL: aws.url,
        NODE_EXTRA_CA_CERTS: aws.certificate,
      },
    },
  );
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Start;
}

/** The elapsed time with a quota, or else the CPU time divided by the share. */
const milliseconds = ({ memoryMb, quota }: Size, taken: readonly Taken[]): number =>
  figure(median(taken.map(({ ms, cpuMs }) => (quota === undefined ? cpuMs / cpuShare(memoryMb) : ms))));

async function measure(call: HeavyCall, fn: FunctionResource, size: Size, folder: string, aws: AwsOverTls) {
  const payloadFile = join(folder, 'payload.json');
  await writeFile(payloadFile, JSON.stringify(call.payload));
  const boosted: Start[] = [];
  const slow: Start[] = [];
  for (let repeat = 0; repeat < Number(options.repeat); repeat += 1) {
    boosted.push(await start(fn, payloadFile, size, aws, false));
    slow.push(await start(fn, payloadFile, size, aws, true));
  }
  const first = (starts: readonly Start[]) => starts.flatMap(({ calls }) => calls.slice(0, 1));
  const firstMs = milliseconds(size, first(boosted));
  const slowInitMs = milliseconds(
    size,
    slow.map(({ init }) => init),
  );
  return [
    call.name,
    size.memoryMb === fn.memoryMiB ? `${size.memoryMb} (deployed)` : String(size.memoryMb),
    figure(median(boosted.map(({ init }) => init.cpuMs))),
    slowInitMs,
    firstMs,
    figure(median(first(boosted).map(({ cpuMs }) => cpuMs))),
    milliseconds(
      size,
      boosted.flatMap(({ calls }) => calls.slice(1)),
    ),
    figure((fn.timeoutSeconds * 1_000) / (slowInitMs + firstMs)),
  ];
}

const folder = await mkdtemp(join(tmpdir(), 'outbox-bench-cpu-'));
const aws = await startAwsOverTls();
const sizes: Size[] = [];
try {
  await synthesize(folder);
  const { functions } = await readCloudAssembly(folder);
  for (const size of options.memory.split(',')) {
    const memoryMb = Number(size);
    sizes.push({ memoryMb, quota: await createQuota(cpuShare(memoryMb)) });
  }
  const rows: (string | number)[][] = [];
  for (const call of heavyCalls) {
    for (const size of sizes) rows.push(await measure(call, functionOf(call, functions), size, folder, aws));
  }
  const { cpu, kernel } = await describeMachine();
  const { stdout: version } = await promisify(execFile)(options.node, ['--version']);
  printSection({
    name: 'cpu',
    title: 'What a call takes with the CPU of a memory size',
    method:
      `${cpu}, Linux ${kernel}, Node ${version.trim()}, ${new Date().toISOString().slice(0, 10)}. Medians of ${options.repeat} processes; ` +
      'calls go to a stand-in that answers at once, over TLS. Milliseconds.',
    columns: [
      'call',
      'MB',
      'init, CPU time',
      'init, its share',
      'first call',
      'CPU time of it',
      'next calls',
      'timeout / (init + first call)',
    ],
    rows,
  });
} finally {
  for (const { quota } of sizes) await quota?.remove();
  await aws.stop();
  await rm(folder, { recursive: true });
}
