import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Invocation } from '../../../../twin/services/lambda/invocation.ts';
import { createLambda, type Lambda } from '../../../../twin/services/lambda/invoke.ts';
import type { FunctionResource } from '../../../../twin/template/function.ts';

const functions = fileURLToPath(new URL('../../../support/functions', import.meta.url));

let printed: string;
let started: Lambda[];

beforeEach(() => {
  printed = '';
  started = [];
});

afterEach(async () => {
  for (const lambda of started) await lambda.stop();
});

function start(fns: readonly Partial<FunctionResource>[], concurrency = 1_000): Lambda {
  const lambda = createLambda({
    functions: fns.map((fn) => ({
      key: 'work',
      functionName: fn.key ?? 'work',
      arn: `arn:aws:lambda:us-east-1:000000000000:function:${fn.key ?? 'work'}`,
      codeFolder: functions,
      handler: 'index.answer',
      timeoutSeconds: 60,
      memoryMiB: 256,
      environment: {},
      roleArn: 'arn:role',
      ...fn,
    })),
    environment: {},
    logs: {
      write(text) {
        printed += String(text);
      },
    },
    concurrency,
  });
  started.push(lambda);
  return lambda;
}

const invoke = (lambda: Lambda, input: object, name = 'work') => lambda.invoke(name, JSON.stringify(input));
const read = ({ payload }: Invocation): unknown => JSON.parse(payload);
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

describe('concurrent invocations', () => {
  test('three hundred invocations that wait for each other all run', async () => {
    const lambda = start([{ handler: 'index.meet' }]);

    const answers = await Promise.all(times(300, () => invoke(lambda, { count: 300 })));

    expect(answers.map(read)).toEqual(Array(300).fill(300));
    expect(lambda.invocations()).toEqual({ work: 300 });
  });

  test('an invocation above the concurrency limit of all functions is refused until another one has ended', async () => {
    const lambda = start([{ key: 'meet', handler: 'index.meet' }, { key: 'answer' }], 2);
    const first = invoke(lambda, { count: 2 }, 'meet');
    const second = invoke(lambda, { count: 2 }, 'meet');

    await expect(invoke(lambda, {}, 'answer')).rejects.toMatchObject({
      code: 'TooManyRequestsException',
      message: 'Rate Exceeded.',
      status: 429,
      details: { Reason: 'ConcurrentInvocationLimitExceeded' },
    });

    await Promise.all([first, second]);
    expect(read(await invoke(lambda, {}, 'answer'))).toBe(1);
    expect(lambda.invocations()).toEqual({ meet: 2, answer: 1 });
  });

  test('concurrent invocations keep their logs and metrics apart', async () => {
    const codeFolder = await mkdtemp(join(tmpdir(), 'outbox-function-'));
    try {
      execFileSync('node_modules/.bin/esbuild', [
        ...[join(functions, 'telemetry.ts'), '--bundle', '--platform=node', '--format=esm'],
        ...[
          '--main-fields=module,main',
          `--outfile=${join(codeFolder, 'telemetry.mjs')}`,
          '--log-level=error',
        ],
      ]);
      const environment = { POWERTOOLS_SERVICE_NAME: 'outbox', POWERTOOLS_METRICS_NAMESPACE: 'Outbox' };
      const lambda = start([{ codeFolder, handler: 'telemetry.handler', environment }]);

      await Promise.all(
        [1, 2, 3, 4, 5].map((events) => invoke(lambda, { runId: `run ${events}`, events, count: 5 })),
      );
      await lambda.stop();

      const lines = printed
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const logs = lines.filter(({ message }) => message === 'goes on');
      expect(logs.map(({ run, executionId }) => [run, executionId]).sort()).toEqual(
        [1, 2, 3, 4, 5].map((run) => [`run ${run}`, `run ${run}`]),
      );
      expect(new Set(logs.map(({ function_request_id }) => function_request_id)).size).toBe(5);
      const counted = lines.filter((line) => '_aws' in line).map(({ Events }) => Events);
      expect(counted.sort()).toEqual([1, 2, 3, 4, 5]);
    } finally {
      await rm(codeFolder, { recursive: true });
    }
  });
});

describe('invocation timeout', () => {
  test('a timeout ends only its own invocation, and the next one starts in a new environment', async () => {
    const lambda = start([{ timeoutSeconds: 1 }]);
    expect(read(await invoke(lambda, {}))).toBe(1);

    const [slow, quick] = await Promise.all([invoke(lambda, { slow: true }), invoke(lambda, {})]);

    expect(slow.functionError).toBe('Unhandled');
    expect(read(slow)).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Task timed out after 1\.00 seconds$/),
    });
    expect(read(quick)).toBe(3);
    expect(read(await invoke(lambda, {}))).toBe(1);
  });

  test('a timeout ends a handler that blocks its thread', async () => {
    const lambda = start([{ timeoutSeconds: 1, handler: 'index.compute' }]);
    await invoke(lambda, { ms: 0 });

    const endless = await invoke(lambda, { ms: 3_600_000 });

    expect(read(endless)).toMatchObject({ errorType: 'Sandbox.Timedout' });
    expect(read(await invoke(lambda, { ms: 0 }))).toBe('computed');
  });

  test('an invocation sends nothing after its timeout, while others in its thread continue', async () => {
    const sent = { '/first': 0, '/second': 0 };
    const server = createServer(({ url }, response) => {
      sent[url as keyof typeof sent] += 1;
      response.end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const until = async (reached: () => boolean) => {
      while (!reached()) await new Promise((resolve) => server.once('request', resolve));
    };
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const lambda = start([{ timeoutSeconds: 2, handler: 'index.send' }]);
      const first = invoke(lambda, { url: `${url}/first` });
      await until(() => sent['/first'] > 100);
      const second = invoke(lambda, { url: `${url}/second` });

      expect(read(await first)).toMatchObject({ errorType: 'Sandbox.Timedout' });

      const { '/second': before } = sent;
      await until(() => sent['/second'] > before + 3); // by then its thread has received the message
      const { '/first': last } = sent;
      await until(() => sent['/second'] > before + 20);
      expect(sent['/first']).toBe(last);
      expect(read(await second)).toMatchObject({ errorType: 'Sandbox.Timedout' });
    } finally {
      server.close();
    }
  });
});

describe('environment that dies', () => {
  test.each(['before', 'after'] as const)(
    'an environment that dies %s its handler has run fails one invocation',
    async (death) => {
      const lambda = start([{ handler: 'index.meet' }]);

      const other = invoke(lambda, { count: death === 'after' ? 2 : 1 });
      const dead = await lambda.invoke('work', JSON.stringify({ count: 2 }), { death });

      expect(dead.functionError).toBe('Unhandled');
      expect(read(dead)).toMatchObject({
        errorType: 'Runtime.ExitError',
        errorMessage: expect.stringContaining('Runtime exited with error: exit status 1'),
      });
      expect((await other).functionError).toBeUndefined();
    },
  );

  test('an environment whose handler ends the process is replaced', async () => {
    const lambda = start([{ handler: 'index.end' }]);
    expect(read(await invoke(lambda, {}))).toBe('alive');

    expect(read(await invoke(lambda, { exit: true }))).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('exit status 3'),
    });

    expect(read(await invoke(lambda, {}))).toBe('alive');
  });

  test.each([
    ['has no such file', 'nothing.handler', 'Error', 'nothing.mjs'],
    ['exports no such function', 'index.nothing', 'TypeError', 'exports no function named nothing'],
  ])('every invocation fails with the reason when the bundle %s', async (_, handler, errorType, reason) => {
    const lambda = start([{ handler }]);

    const failures = [...(await Promise.all(times(3, () => invoke(lambda, {})))), await invoke(lambda, {})];

    for (const failure of failures) {
      expect(failure.functionError).toBe('Unhandled');
      expect(read(failure)).toMatchObject({ errorType, errorMessage: expect.stringContaining(reason) });
    }
  });
});

test('stopping Lambda ends the running invocations and refuses new ones', async () => {
  const lambda = start([{}]);
  await invoke(lambda, {});
  const running = invoke(lambda, { slow: true });

  await lambda.stop();

  expect(read(await running)).toMatchObject({ errorType: 'Runtime.ExitError' });
  await expect(invoke(lambda, {})).rejects.toMatchObject({ code: 'ServiceException' });
});
