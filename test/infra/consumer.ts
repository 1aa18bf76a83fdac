import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

export const project = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];

/** Our package as npm would publish it, in its own folder. */
export async function packed(): Promise<{ tarball: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'outbox-package-'));
  await run('npm', ['pack', '--pack-destination', folder, ...quiet], { cwd: project });
  const [file = 'nothing'] = await readdir(folder);
  return { tarball: join(folder, file), remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Runs a command of our package for a person who has not installed it, with an empty npm cache. */
export async function npx(
  tarball: string,
  ...command: readonly string[]
): Promise<{ stdout: string; installed: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'outbox-npx-'));
  const cache = join(folder, 'cache');
  await mkdir(join(folder, 'empty'));
  try {
    const flags = ['--yes', '--offline', `--cache=${cache}`, '-p', tarball, '--'];
    const { stdout } = await run('npx', [...flags, ...command], { cwd: join(folder, 'empty') });
    const [project = ''] = await readdir(join(cache, '_npx'));
    const installed = await readdir(join(cache, '_npx', project, 'node_modules'));
    return { stdout, installed: installed.filter((name) => !name.startsWith('.')) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The packages that our sources import, in the form `zod@4.6.7 (`. */
export async function importedPackages(): Promise<string[]> {
  const names = new Set<string>();
  for (const folder of ['cli', 'database', 'lambdas', 'outbox']) {
    const files = await readdir(join(project, folder), { recursive: true });
    for (const file of files.filter((name) => name.endsWith('.ts') && !/^bundle|\.d\.ts$/.test(name))) {
      const text = await readFile(join(project, folder, file), 'utf8');
      for (const [, name = ''] of text.matchAll(
        /^import (?!type)[^;]*? from '((?:@[^/']+\/)?[^./'][^/']*)/gm,
      ))
        if (!name.startsWith('node:')) names.add(name);
    }
  }
  const versions = [...names].map(async (name) => {
    const manifest = await readFile(join(project, 'node_modules', name, 'package.json'), 'utf8');
    return `${name}@${(JSON.parse(manifest) as { readonly version: string }).version} (`;
  });
  return Promise.all(versions);
}

/** The packages of a project besides ours: the name of the import, and the folder in our node_modules. */
const cdks = {
  newest: { 'aws-cdk-lib': 'aws-cdk-lib', constructs: 'constructs', 'cdk-nag': 'cdk-nag' },
  oldest: { 'aws-cdk-lib': 'aws-cdk-lib-oldest', constructs: 'constructs-oldest', 'cdk-nag': 'cdk-nag-2' },
} as const;
// A producer has the SDK, and the CDK expects some of its dependencies in the same folder.
const scopes = { '@aws-sdk': '@aws-sdk', '@smithy': '@smithy', '@aws-cdk': '@aws-cdk' } as const;

/** Another project, which has the CDK and installs our package without a network. */
export class Consumer {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async install(
    tarball: string,
    type: 'module' | 'commonjs',
    cdk: keyof typeof cdks = 'newest',
  ): Promise<Consumer> {
    const consumer = new Consumer(await mkdtemp(join(tmpdir(), `outbox-${type}-`)));
    await consumer.write('package.json', JSON.stringify({ private: true, type }));
    const flags = ['--offline', '--ignore-scripts', ...quiet];
    await run('npm', ['install', ...flags, tarball], { cwd: consumer.folder });
    for (const [name, installed] of Object.entries({ ...cdks[cdk], ...scopes })) {
      const place = join(consumer.folder, 'node_modules', name);
      await symlink(join(project, 'node_modules', installed), place, 'junction');
    }
    return consumer;
  }

  get package(): string {
    return join(this.folder, 'node_modules', 'outbox-processor');
  }

  /** The files of the package, as relative paths. */
  async files(): Promise<string[]> {
    const entries = await readdir(this.package, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.package.length + 1));
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.folder, file), text);
  }

  /** Makes a package of our node_modules available. */
  async link(name: string): Promise<void> {
    await symlink(join(project, 'node_modules', name), join(this.folder, 'node_modules', name), 'junction');
  }

  /** What a program prints. */
  async runTypeScript(file: string, env: Readonly<Record<string, string>>): Promise<string> {
    const tsx = pathToFileURL(join(project, 'node_modules', 'tsx', 'dist', 'loader.mjs')).href;
    const { stdout } = await run(process.execPath, ['--import', tsx, file], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'], ...env },
    });
    return stdout;
  }

  /** Runs an app and reads the template of its stack `app`, and the contents of its assets by name. */
  async synthesize(
    file: string,
  ): Promise<{ template: object; assets: Map<string, string[]>; stdout: string }> {
    const outdir = join(this.folder, 'cdk.out');
    await mkdir(outdir, { recursive: true });
    // Linked packages then find their dependencies next to the link, where the versions fit.
    const { stdout } = await run(process.execPath, ['--preserve-symlinks', file], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'], CDK_OUTDIR: outdir, CDK_VALIDATION: 'false' },
    });
    const folders = (await readdir(outdir)).filter((name) => name.startsWith('asset.'));
    const assets = new Map<string, string[]>();
    for (const name of folders) assets.set(name.slice('asset.'.length), await readdir(join(outdir, name)));
    const template: unknown = JSON.parse(await readFile(join(outdir, 'app.template.json'), 'utf8'));
    return { template: template as object, assets, stdout };
  }

  /** The errors of TypeScript for a file with this module resolution; empty when there are none. */
  async typeErrors(file: string, module: string, types: readonly string[] = []): Promise<string> {
    const tsc = join(project, 'node_modules', 'typescript', 'bin', 'tsc');
    const compilerOptions = {
      ...{ module, moduleResolution: module, target: 'es2022', types },
      ...{ strict: true, noEmit: true, skipLibCheck: true },
    };
    await this.write('tsconfig.json', JSON.stringify({ compilerOptions, files: [file] }));
    return run(process.execPath, [tsc], { cwd: this.folder }).then(
      () => '',
      ({ stdout }: { readonly stdout: string }) => stdout,
    );
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
