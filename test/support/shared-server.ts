import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import './quiet-sdk.ts';

// Runs in the process of Jest, which outlives all test files. Each maker imports what it needs, because a run of a few
// unit tests needs none of it.
const project = fileURLToPath(new URL('../..', import.meta.url));
const cleanUps: (() => Promise<unknown> | unknown)[] = [];
const made = new Map<string, Promise<string>>();

export const makers = {
  /** The folder with the bundles of the handlers. */
  async bundles() {
    const { bundleHandlers } = await import('../../build/bundle-handlers.ts');
    await bundleHandlers();
    return join(project, 'dist', 'lambdas');
  },

  /** The folder of the cloud assembly that `npm start` would synthesize. */
  async assembly() {
    const { synthesize } = await import('../../local/synthesize.ts');
    const folder = await temporaryFolder(tmpdir(), 'outbox-assembly-');
    await synthesize(folder);
    return folder;
  },

  /** The path of the operator's CLI, bundled as in the package. */
  async cli() {
    // Inside the project, because doctor looks for the migrations above its bundle.
    await mkdir(join(project, 'dist'), { recursive: true });
    const bundle = join(await temporaryFolder(join(project, 'dist'), 'cli-test-'), 'outbox.mjs');
    await promisify(execFile)(process.execPath, ['--import', 'tsx', 'build/bundle-cli.ts', bundle], {
      cwd: project,
    });
    return bundle;
  },

  /** A server and a database with the newest schema, from which the test files copy theirs: `SharedPostgres`. */
  async postgres() {
    const { createTemplateDatabase } = await import('./template-database.ts');
    return JSON.stringify(await createTemplateDatabase(process.env['DATABASE_URL'] || undefined, cleanUps));
  },
};

/** Answers what `shared.ts` asks for. */
export async function serveShared(): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer(async ({ url = '' }, response) => {
    // An idle connection would keep the process of a test file alive.
    response.setHeader('connection', 'close');
    try {
      response.end(await share(url.slice(1) as keyof typeof makers));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close();
      await Promise.allSettled(made.values()); // what is being made is cleaned up as well
      for (const cleanUp of cleanUps.reverse()) await cleanUp();
    },
  };
}

function share(name: keyof typeof makers): Promise<string> {
  const before = made.get(name);
  const sharing = before ?? makers[name]();
  made.set(name, sharing);
  return sharing;
}

async function temporaryFolder(parent: string, prefix: string): Promise<string> {
  const folder = await mkdtemp(join(parent, prefix));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
