import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { makeAssemblyFolder } from '../../local/assembly-folder.ts';

let parent: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'outbox-folders-'));
});

afterEach(() => rm(parent, { recursive: true }));

test('a start removes the folders of twins whose process is gone, and no other', async () => {
  const own = basename(await makeAssemblyFolder(parent));
  const { pid: gone } = spawnSync(process.execPath, ['--version']);
  const folderOf = (pid: number) => own.replace(`-${process.pid}-`, `-${pid}-`);
  const kept = [own, folderOf(1), 'outbox-cdk-abc', `outbox-cdk-elsewhere-${gone}-abc`];
  for (const name of [...kept.slice(1), folderOf(gone)]) {
    await mkdir(join(parent, name));
    await writeFile(join(parent, name, 'manifest.json'), '{}');
  }

  const next = basename(await makeAssemblyFolder(parent));

  expect((await readdir(parent)).toSorted()).toEqual([...kept, next].toSorted());
});
