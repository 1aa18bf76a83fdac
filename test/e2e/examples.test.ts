import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { bundleConsoleIfStale } from '../../build/bundle-console.ts';
import { bundleCli, type Cli } from '../support/cli-process.ts';
import type { TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

// Readers type the commands from the help and the documents, so a shell runs each of them here on a twin.

/** Commands that cannot be run here, and the reason. */
const excluded: readonly (readonly [RegExp, reason: string])[] = [
  [/^npm (ci|start|test)\b/, 'npm-start.test.ts starts the twin as npm does'],
  [/^npm run synth\b/, 'validation.test.ts synthesizes'],
  [/^npm run certify\b/, 'certify.test.ts runs it'],
  [/^npx cdk\b/, 'it deploys into an account'],
  [/^out\(\)/, 'the twin has no CloudFormation: the shell below knows the names'],
  [
    /^aws (cloudformation|cloudwatch|lambda|logs|rds|scheduler|sqs) /,
    'the twin has the services that the processor calls, and not this one',
  ],
  [/^aws secretsmanager (get-random-password|put-secret-value) /, 'the twin only reads its secrets'],
];

/** Of the examples of skip: doctor, which runs before them, reports a failed event. */
const failedEvent = '9d1f63d4-5c2c-4c39-8b46-0f8f2d7d6a55';

const placeholders: Readonly<Record<string, string>> = {
  '<failed event>': failedEvent,
  '<eventId>': '6c84fb90-12c4-11e1-840d-7b25c5ee775a',
  '<the run>': 'arn:aws:states:us-east-1:000000000000:express:outbox-processor:a:b',
};

const documents = ['README.md', 'docs/cli.md', 'docs/operations.md', 'docs/lifecycle.md'];

let twin: TwinProcess;
let pool: pg.Pool;
let cli: Cli;
let folder: string;

useTwin((underTest) => {
  ({ twin, pool } = underTest);
});
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-examples-'));
  await writeFile(
    join(folder, 'events.jsonl'),
    '{"aggregateId": "7", "eventType": "dish.created", "payload": {}}\n',
  );
  cli = await bundleCli();
  await bundleConsoleIfStale();
});
afterAll(async () => {
  await cli?.remove();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await twin.setFaults([]);
  await pool.query('update outbox_installation set paused_at = null, paused_by = null');
  await pool.query('delete from outbox_events');
  await pool.query(
    `insert into outbox_events (id, aggregate_id, event_type, payload, status, due_at, processed_at)
     values ($1, '7', 'dish.created', '{}', 'PROCESSED', null, now())`,
    [placeholders['<eventId>']],
  );
});

/** The commands of a document: its shell blocks and the commands within its sentences. */
function blocksOf(document: string): { title: string; block: string }[] {
  const text = readFileSync(new URL(`../../${document}`, import.meta.url), 'utf8');
  const found = [
    ...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm),
    ...text.matchAll(/`((?:npm run (?:--silent )?outbox -- |aws )[^`\n]+)`/g),
  ];
  return found.map(({ index, 1: block = '' }) => ({
    title: `${document}:${text.slice(0, index).split('\n').length}`,
    block,
  }));
}

const linesOf = (block: string) => block.replaceAll('\\\n', ' ').split('\n').filter(Boolean);
const runnable = (line: string) => !excluded.some(([pattern]) => pattern.test(line));
const fillIn = (line: string) =>
  Object.entries(placeholders)
    .reduce((text, [placeholder, value]) => text.replaceAll(placeholder, value), line)
    .replaceAll('http://127.0.0.1:4566', twin.url);

/** A shell in the state that the documents require. */
function shell(): string {
  const { clusterArn, secretArn, database, eventBusName, stateMachines } = twin.health;
  const names = {
    ClusterArn: clusterArn,
    ProcessorSecretArn: secretArn,
    DatabaseName: database,
    EventBusName: eventBusName,
    ProcessorArn: stateMachines['outbox-processor'],
    RedriveArn: stateMachines['outbox-redrive'],
    ReplayArn: stateMachines['outbox-replay'],
    CleanupArn: stateMachines['outbox-cleanup'],
  };
  const outputs = Object.entries(names).map(([name, value]) => `${name}) echo '${value}';;`);
  const operations = linesOf(blocksOf('docs/operations.md')[0]?.block ?? '').filter(runnable);
  return `
    set -euo pipefail
    out() { case $1 in ${outputs.join(' ')} esac; }
    npm() {
      [ "$1" = run ]; shift
      # npm announces what it runs, and jq cannot read that.
      if [ "$1" = --silent ]; then shift; else printf '\\n> outbox\\n\\n'; fi
      [ "$1 $2" = 'outbox --' ]; shift 2
      local words=()
      while [ $# -gt 0 ]; do
        # The twin of this test is neither a stack nor where a twin usually is.
        case $1 in
          --local) words+=("--local=$AWS_ENDPOINT_URL");;
          --stack) shift; words+=("--local=$AWS_ENDPOINT_URL");;
          *) words+=("$1");;
        esac
        shift
      done
      "$NODE" "$CLI" "\${words[@]}"
    }
    ${operations.join('\n')}
    REDRIVE_ARN=$REDRIVE
    REPLAY_ARN=$REPLAY`;
}

async function run(lines: readonly string[]): Promise<void> {
  const commandLines = lines.filter(runnable).map(fillIn);
  if (commandLines.some((line) => line.includes(failedEvent)))
    await pool.query(
      `insert into outbox_events (id, aggregate_id, event_type, payload, ordering_key, status, due_at, failed_at)
       values ($1, '7', 'dish.removed', '{}', 'dish 7', 'FAILED', null, now())`,
      [failedEvent],
    );
  const endless = commandLines.filter((line) => /^npm run outbox -- (tail|console)\b/.test(line));
  for (const line of endless) await follow(line);
  const script = commandLines.filter((line) => !endless.includes(line)).join('\n');
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: twin.url,
    AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    CI: 'true',
    NODE: process.execPath,
    CLI: cli.bundle,
  };
  const child = promisify(execFile)('bash', ['-c', `${shell()}\n${script}`], { cwd: folder, env });
  child.child.stdin?.end();
  await child.catch((error: { stderr: string; code: number }) => {
    throw new Error(`exit code ${error.code} of\n${script}\n${error.stderr}`);
  });
}

/** Waits for a command that does not end by itself until it reports that it has started. */
async function follow(line: string): Promise<void> {
  const [, , , , command = '', ...words] = line.replace(/ --local\b| --stack \S+/g, '').split(/ +/);
  const [started, port] = command === 'console' ? ['Ctrl-C ends it', ['--port', '0']] : ['following the', []];
  const running = cli.start([command, ...words, `--local=${twin.url}`, ...port]);
  await running.shows(started);
  running.stop();
  await running.ended;
}

const missing = ['aws', 'curl', 'jq', 'psql'].filter((tool) => spawnSync('which', [tool]).status !== 0);
const needsWhatIsMissing = (text: string) =>
  missing.some((tool) => new RegExp(`(^|[ (|])${tool} `, 'm').test(text));

test('every example in the help runs', async () => {
  const helpOf = async (...command: string[]) => (await cli.run([...command, '--help'])).stdout;
  const examplesIn = (help: string) =>
    [...help.matchAll(/^ {2}\$ (npm run (?:--silent )?outbox -- .+)$/gm)].map(([, example = '']) => example);
  const overview = await helpOf();
  const commands = [...overview.matchAll(/^ {2}([a-z][a-z-]+)\b.* {2}/gm)].map(([, command = '']) => command);
  expect(commands).toEqual(expect.arrayContaining(['status', 'enqueue', 'tail', 'doctor']));

  await run(examplesIn(overview));
  // Doctor runs first: it would report what the other commands leave behind.
  for (const command of commands.sort((a) => (a === 'doctor' ? -1 : 0))) {
    const examples = command === 'help' ? [] : examplesIn(await helpOf(command));
    expect([command, examples.length > 0]).toEqual([command, command !== 'help']);
    await run(examples.filter((example) => !needsWhatIsMissing(example)));
  }
}, 300_000);

describe('every command in the documents runs', () => {
  for (const document of documents) {
    for (const { title, block } of blocksOf(document)) {
      const lines = linesOf(block).filter(runnable);
      if (lines.length > 0) (needsWhatIsMissing(block) ? test.skip : test)(title, () => run(lines));
    }
  }

  test('every exclusion in this file matches a command in a document', () => {
    const all = documents.flatMap(blocksOf).flatMap(({ block }) => linesOf(block));
    const unused = excluded.filter(([pattern]) => !all.some((line) => pattern.test(line)));

    expect(unused).toEqual([]);
  });
});
