import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bundledPackages, thirdPartyNotices } from '../../build/notices.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-notices-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Installs a package and returns the path of its code, as esbuild names its inputs. */
async function install(path: string, manifest: object, files: Readonly<Record<string, string>> = {}) {
  const place = join(folder, 'node_modules', path);
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'package.json'), JSON.stringify({ version: '1.0.0', ...manifest }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(place, name), text);
  return `${folder.replaceAll('\\', '/')}/node_modules/${path}/lib/index.js`;
}

function metafileOf(inputs: Readonly<Record<string, number>>) {
  const bytes = Object.entries(inputs).map(([file, bytesInOutput]) => [file, { bytesInOutput }]);
  return {
    inputs: {},
    outputs: {
      'bundle.mjs': { bytes: 1, inputs: Object.fromEntries(bytes), imports: [], exports: [] },
    },
  };
}

describe('notices of bundled code', () => {
  test('the notices name every package in a bundle, without dropped packages and our own code', async () => {
    const scoped = await install('@some/used', { name: '@some/used', license: 'ISC' }, { LICENSE: 'Text A' });
    const nested = await install(
      'used/node_modules/inner',
      { name: 'inner', license: 'MIT' },
      { 'license.md': 'Text B' },
    );
    const dropped = await install('dropped', { name: 'dropped', license: 'MIT' }, { LICENSE: 'Text C' });

    const packages = bundledPackages([
      metafileOf({ [scoped]: 10, [dropped]: 0, 'outbox/claim.ts': 5 }),
      metafileOf({ [nested]: 1, [scoped]: 3 }),
    ]);

    expect(packages).toEqual([
      { id: '@some/used@1.0.0', license: 'ISC', text: 'Text A' },
      { id: 'inner@1.0.0', license: 'MIT', text: 'Text B' },
    ]);
  });

  test('the notices have each licence text once, below all packages that use it', () => {
    const text = 'The text.';
    const notices = thirdPartyNotices([
      { id: 'a@1.0.0', license: 'MIT', text },
      { id: 'b@2.0.0', license: 'ISC', text: 'Another text.' },
      { id: 'c@3.0.0', license: 'MIT', text },
    ]);

    expect(notices).toContain('\na@1.0.0 (MIT)\nc@3.0.0 (MIT)\n\nThe text.\n');
    expect(notices.match(/The text\./g)).toHaveLength(1);
  });

  test('the notices have the NOTICE and the licences of others that a package passes on', async () => {
    const files = { LICENSE: 'Text A', NOTICE: 'By A.', 'THIRD-PARTY-LICENSES.txt': 'Font: Text B' };
    const file = await install('styled', { name: 'styled', license: 'Apache-2.0' }, files);

    expect(bundledPackages([metafileOf({ [file]: 1 })])).toEqual([
      { id: 'styled@1.0.0', license: 'Apache-2.0', text: 'Text A\n\nBy A.\n\nFont: Text B' },
    ]);
  });

  test('the standard text with the author is used for a package without a licence file', async () => {
    const file = await install('bare', { name: 'bare', license: 'MIT', author: { name: 'Ada Lovelace' } });

    const [bare] = bundledPackages([metafileOf({ [file]: 1 })]);

    expect(bare?.text).toMatch(
      /^MIT License\n\nCopyright \(c\) Ada Lovelace\n\nPermission is hereby granted/,
    );
  });

  test('a package with an unknown licence and no licence file is refused', async () => {
    const file = await install('closed', { name: 'closed', license: 'UNLICENSED' });

    expect(() => bundledPackages([metafileOf({ [file]: 1 })])).toThrow(
      'closed has no licence file, and SPDX does not know its license "UNLICENSED"',
    );
  });
});
