import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { projectText } from '../support/fenced-block.ts';

const folder = '.github/workflows';
const workflows = readdirSync(new URL(`../../${folder}/`, import.meta.url)).map(
  (file) => `${folder}/${file}`,
);
const manifest = JSON.parse(projectText('package.json')) as {
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
};

describe.each(workflows)('the workflow %s', (workflow) => {
  const text = projectText(workflow);

  test('a workflow pins the actions of others to a full commit and names its release', () => {
    const uses = [...text.matchAll(/uses: (?!\.\/)(.+)$/gm)].map(([, used = '']) => used);

    for (const used of uses) expect(used).toMatch(/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('a workflow may only read the repository, unless a job says otherwise', () => {
    expect(text).toMatch(/^permissions:\n {2}contents: read\n\n/m);
  });

  test('a workflow runs only scripts that exist', () => {
    const scripts = [...text.matchAll(/npm run (\S+)/g)].map(([, script = '']) => script);
    const files = [...text.matchAll(/run: bash (\S+)/g)].map(([, file = '']) => file);

    expect(scripts.filter((script) => !(script in manifest.scripts))).toEqual([]);
    expect(files.filter((file) => !existsSync(new URL(`../../${file}`, import.meta.url)))).toEqual([]);
  });
});

test('the oldest Node.js in CI is the oldest that package.json allows', () => {
  const [, oldest] = /node: \[(\d+),/.exec(projectText(`${folder}/check.yml`)) ?? [];

  expect(manifest.engines.node).toMatch(new RegExp(`^>=${oldest}\\.`));
});
