import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { makeReportFolder, type Report, toMarkdown, writeReport } from '../../certify/report.ts';
import type { Result } from '../../certify/runner.ts';

const result = (given: Partial<Result>): Result => ({
  id: 'ghost-bus',
  sentence: 'It is so.',
  outcome: 'same',
  differences: [],
  expected: { entry: 'EventId' },
  observed: { entry: 'EventId' },
  notes: [],
  seconds: 0.2,
  ...given,
});

const report = (...results: readonly Result[]): Report => ({
  startedAt: '2026-01-31T09:00:00.000Z',
  place: 'the stack shop-outbox',
  region: 'eu-central-1',
  version: '0.1.0',
  disturb: false,
  interrupted: false,
  seconds: 12,
  results,
});

const differing = result({
  outcome: 'differs',
  differences: [{ key: 'entry', expected: '"EventId"', observed: '"a | b"' }],
});

test('the report begins with the differences and lists every scenario', () => {
  const text = toMarkdown(
    report(result({ id: 'run' }), differing, result({ outcome: 'skipped', reason: 'why' })),
  );

  expect(text).toContain('| found | 1 as on the twin, 1 different, 1 skipped |');
  expect(text).toContain('### ghost-bus\n\nIt is so.\n');
  expect(text).toContain('| `entry` | "EventId" | "a \\| b" |');
  expect(text.match(/^\| `(run|ghost-bus)` \|/gm)).toHaveLength(3);
  expect(text).toContain('| skipped | It is so. | 0.2 | why |');
});

test('the report says what was left behind, that the run ended early, and that an endpoint replaced AWS', () => {
  const text = toMarkdown({
    ...report(),
    interrupted: true,
    leftBehind: 'rows ["7"]',
    endpoint: 'http://127.0.0.1:4566',
  });

  expect(text).toContain('| ended early | scenarios that are not listed were not run |');
  expect(text).toContain('| left behind | rows ["7"] |');
  expect(text).toContain('http://127.0.0.1:4566, so this is no observation of AWS');
});

test('the report is written as Markdown and as JSON, without the account id', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'outbox-report-'));
  try {
    const notes = ['arn:aws:states:eu-central-1:123456789012:stateMachine:outbox-processor'];

    await makeReportFolder(join(folder, 'new'));
    await makeReportFolder(join(folder, 'new')); // as in the next run
    const path = await writeReport(join(folder, 'new'), report(result({ notes })));

    const names = await readdir(join(folder, 'new'));
    const texts = await Promise.all(names.map((name) => readFile(join(folder, 'new', name), 'utf8')));
    expect(names.map((name) => join(folder, 'new', name))).toContain(path);
    expect(names.sort()).toEqual([
      'certify-2026-01-31T09-00-00-000Z.json',
      'certify-2026-01-31T09-00-00-000Z.md',
    ]);
    for (const text of texts) {
      expect(text).toContain('arn:aws:states:eu-central-1:<account>:stateMachine:outbox-processor');
      expect(text).not.toContain('123456789012');
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.each([
  ['below a folder that is missing', 'missing/reports', /"missing\/reports" \(ENOENT/],
  ['a file', 'package.json', /"package.json" \(EEXIST/],
  ['a folder where none can be made', '/proc/reports', /"\/proc\/reports" \(ENOENT/],
])('a report folder that is %s is refused before the scenarios run', async (_, folder, sentence) => {
  await expect(makeReportFolder(folder)).rejects.toThrow(sentence);
});
