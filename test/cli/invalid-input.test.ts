import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { main } from '../../cli/program.ts';

const id = '6c84fb90-12c4-41e1-840d-7b25c5ee775a';
const nowhere = '--local=http://127.0.0.1:1';

let printed = '';

beforeEach(() => {
  printed = '';
  for (const stream of [process.stdout, process.stderr]) {
    // The CLI listens for errors of its streams until its process ends.
    jest.spyOn(stream, 'on').mockReturnThis();
    jest.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  }
});

afterEach(() => {
  jest.restoreAllMocks();
});

async function refused(given: readonly string[]): Promise<string> {
  const exitCode = await main(given);
  // 3 would mean that a target was asked before the command line was read.
  expect([exitCode, printed]).toEqual([2, expect.stringMatching(/^error [^\n✖]+\n$/)]);
  return printed.replace(/^error |\n$/g, '');
}

describe('a text option that a shell left empty is refused', () => {
  test.each([
    ['status', '--stack'],
    ['status', '--database'],
    ['list', '--type'],
    ['list', '--aggregate'],
    ['list', '--error'],
    ['redrive', '--type'],
    ['redrive', '--aggregate'],
    ['redrive', '--error'],
    ['enqueue', '--payload'],
    ['enqueue', '--file'],
    ['pause', '--reason'],
  ])('outbox %s %s "" is refused', async (command, flag) => {
    expect(await refused([command, flag, '', nowhere])).toMatch(
      new RegExp(`^option '${flag} <\\w+>' argument '' is invalid. expected a text that is not empty.$`),
    );
  });
});

test.each<[string, string[], string]>([
  [
    'redrive without a condition',
    ['redrive'],
    'no condition is given: give one, or --all for every failed event',
  ],
  [
    'redrive of everything and of one type',
    ['redrive', '--all', '--type', 'a'],
    '--all contradicts the other conditions: give the one or the others',
  ],
  [
    'redrive of a stopped run without the run',
    ['redrive', '--event', id, '--run-is-stopped'],
    '--run-is-stopped says something about one run: give its --run too',
  ],
  [
    'redrive of a run that is no ARN',
    ['redrive', '--run', 'last'],
    "option '--run <arn>' argument 'last' is invalid. expected the ARN of an express execution, which show prints as run_id.",
  ],
  [
    'redrive of a time that ends before it begins',
    ['redrive', '--failed-after', '2026-02-01T00:00:00Z', '--failed-before', '2026-02-01T00:30:00+01:00'],
    'no event failed after 2026-02-01T00:00:00Z and before 2026-02-01T00:30:00+01:00: exchange them',
  ],
  [
    'replay without a condition',
    ['replay'],
    'no condition is given: give one, or --all for every processed event',
  ],
  [
    'replay of everything and of one type',
    ['replay', '--all', '--type', 'a'],
    '--all contradicts the other conditions: give the one or the others',
  ],
  [
    'replay of a run that is no ARN',
    ['replay', '--run', 'last'],
    "option '--run <arn>' argument 'last' is invalid. expected the ARN of an express execution, which show prints as run_id.",
  ],
  [
    'replay of a time that ends before it begins',
    ['replay', '--processed-after', '2026-02-01T00:00:00Z', '--processed-before', '2026-01-01T00:00:00Z'],
    'no event was processed after 2026-02-01T00:00:00Z and before 2026-01-01T00:00:00Z: exchange them',
  ],
  ['help of an unknown command', ['help', 'redrives'], "unknown command 'redrives'"],
  [
    'a twin and a stack at once',
    ['status', '--local=http://127.0.0.1:1', '--stack', 'outbox'],
    'give --local for the twin or --stack for an account, received both',
  ],
  [
    'a twin that is not reached by HTTP',
    ['status', '--local=ftp://127.0.0.1:1'],
    '--local is "ftp://127.0.0.1:1": expected a URL such as http://127.0.0.1:4566',
  ],
])('the CLI refuses %s before it asks a target', async (_, given, sentence) => {
  expect(await refused(given)).toBe(sentence);
});

test('an AWS_ENDPOINT_URL that is not reached by HTTP is refused', async () => {
  const before = process.env['AWS_ENDPOINT_URL'];
  process.env['AWS_ENDPOINT_URL'] = 'localhost:4566';
  try {
    expect(await refused(['status', '--local'])).toBe(
      'AWS_ENDPOINT_URL is "localhost:4566": expected a URL such as http://127.0.0.1:4566',
    );
  } finally {
    if (before === undefined) delete process.env['AWS_ENDPOINT_URL'];
    else process.env['AWS_ENDPOINT_URL'] = before;
  }
});
