import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

let folder = '';
const inFolder = (name: string) => join(folder, name);

/** Git with the settings of Windows and without those of the user who runs the test. */
const git = (...command: readonly string[]) =>
  execFileSync('git', ['-c', 'core.autocrlf=true', '-c', 'core.safecrlf=false', ...command], {
    cwd: folder,
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outbox-checkout-'));
  git('init', '--quiet');
  copyFileSync(fileURLToPath(new URL('../../.gitattributes', import.meta.url)), inFolder('.gitattributes'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ['0001_outbox_events.sql', 'select 1;\nselect 2;\n'],
  ['outbox-processor.asl.json', '{\n}\n'],
  ['run', '#!/usr/bin/env bash\n'],
  ['picture.png', 'a picture that looks like text\r\nto git\n'],
])('git on Windows checks out %s as it was committed', (name, content) => {
  writeFileSync(inFolder(name), content, 'latin1');
  git('add', '.');
  rmSync(inFolder(name));

  git('checkout', '--', name);

  expect(readFileSync(inFolder(name), 'latin1')).toBe(content);
});
