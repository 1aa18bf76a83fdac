import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readCloudAssembly } from '../../../twin/template/cloud-assembly.ts';

test('a folder without a cloud assembly is refused with its name', async () => {
  const folder = join(tmpdir(), 'no-such-assembly');

  await expect(readCloudAssembly(folder)).rejects.toThrow(
    /"\S+no-such-assembly" holds no cloud assembly \(ENOENT.*\): give the folder that cdk synth has written$/,
  );
});
