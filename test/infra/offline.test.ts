import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { shared } from '../support/shared.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
// Preloaded, this makes a process fail as soon as it opens a connection or resolves a name.
const noNetwork = `data:text/javascript,${encodeURIComponent(`
  import net from 'node:net';
  import dns from 'node:dns';
  net.Socket.prototype.connect = () => { throw new Error('somebody connects'); };
  dns.lookup = () => { throw new Error('somebody looks up a name'); };
`)}`;

test('the app of cdk.json synthesizes offline, without credentials, and validates without a finding', async () => {
  await shared('bundles');
  const folder = await mkdtemp(join(tmpdir(), 'outbox-synth-'));
  const { app, context } = JSON.parse(await readFile(join(project, 'cdk.json'), 'utf8')) as {
    readonly app: string;
    readonly context: object;
  };
  const [, ...parameters] = app.split(' ');

  try {
    const { stderr } = await promisify(execFile)(process.execPath, ['--import', noNetwork, ...parameters], {
      cwd: project,
      // Without HOME and AWS_*: the process cannot find any credentials.
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        CDK_OUTDIR: folder,
        CDK_CONTEXT_JSON: JSON.stringify(context),
      },
    });

    expect(stderr).toBe('');
    expect(await readdir(folder)).toContain('outbox.template.json');
    const findings = await readFile(join(folder, 'validation-report.json'), 'utf8');
    expect(JSON.parse(findings)).toMatchObject({ pluginReports: [] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 180_000);
