import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { RequestBody } from '../../../../twin/http/request.ts';
import { createLogs } from '../../../../twin/services/logs/filter-log-events.ts';
import { type ExecutionRecord, Executions } from '../../../../twin/services/step-functions/executions.ts';
import type { LogDestination } from '../../../../twin/template/state-machine.ts';
import { machine, simulate, virtualClock } from '../step-functions/asl/simulation.ts';

const arnOf = (name: string) => `arn:aws:states:us-east-1:000000000000:stateMachine:${name}`;
const logged = (name: string, level: LogDestination['level'], includeExecutionData: boolean) => ({
  name,
  arn: arnOf(name),
  type: 'EXPRESS' as const,
  definition: '',
  roleArn: 'arn:role',
  logging: { logGroupName: `/states/${name}`, level, includeExecutionData },
});
const executions = new Executions();
const { FilterLogEvents } = createLogs(
  [
    logged('all', 'ALL', true),
    logged('without-data', 'ALL', false),
    logged('errors', 'ERROR', false),
    logged('fatal', 'FATAL', true),
    logged('off', 'OFF', true),
    { ...logged('silent', 'ALL', true), logging: undefined },
  ],
  executions,
);

const start = Date.parse('2026-11-23T12:00:00Z');
const failing = machine({
  A: { Type: 'Pass', Next: 'B' },
  B: { Type: 'Wait', Seconds: 2, Next: 'C' },
  C: { Type: 'Fail', Error: 'Sad', Cause: 'why' },
});

async function run(name: string, execution: string, startsAt: number, input: unknown = {}): Promise<void> {
  const { events } = await simulate(failing, { input, clock: virtualClock(startsAt) });
  executions.add({
    executionArn: `arn:aws:states:us-east-1:000000000000:express:${name}:${execution}:1`,
    stateMachineArn: arnOf(name),
    startDate: new Date(startsAt),
    history: [...events],
    redriveCount: 0,
    status: 'FAILED',
  } as unknown as ExecutionRecord);
}

beforeAll(async () => {
  await run('all', 'one', start, { order: 'a 1' });
  await run('all', 'two', start + 1_000);
  for (const name of ['without-data', 'errors', 'fatal', 'off', 'silent'])
    await run(name, 'one', start, 'secret');
});

interface Answer {
  readonly events: readonly {
    readonly message: string;
    readonly timestamp: number;
    readonly logStreamName: string;
  }[];
  readonly nextToken?: string;
}
const filter = async (name: string | undefined, request: object = {}): Promise<Answer> => {
  if (FilterLogEvents === undefined) throw new Error('no FilterLogEvents');
  const logGroup = name !== undefined && { logGroupName: `/states/${name}` };
  return (await FilterLogEvents(new RequestBody({ ...logGroup, ...request }))) as Answer;
};
const told = ({ events }: Answer) =>
  events.map(({ message }) => {
    const { execution_arn, type } = JSON.parse(message) as Record<'execution_arn' | 'type', string>;
    return `${execution_arn.split(':')[7]} ${type}`;
  });

describe('FilterLogEvents', () => {
  test('the events of all executions are returned in order of time', async () => {
    const answer = await filter('all');
    expect(told(answer)).toEqual([
      ...['ExecutionStarted', 'PassStateEntered', 'PassStateExited', 'WaitStateEntered'].map(
        (t) => `one ${t}`,
      ),
      ...['ExecutionStarted', 'PassStateEntered', 'PassStateExited', 'WaitStateEntered'].map(
        (t) => `two ${t}`,
      ),
      ...['WaitStateExited', 'FailStateEntered', 'ExecutionFailed'].map((t) => `one ${t}`),
      ...['WaitStateExited', 'FailStateEntered', 'ExecutionFailed'].map((t) => `two ${t}`),
    ]);
    expect(answer).not.toHaveProperty('nextToken');
    expect(answer.events[1]).toEqual({
      logStreamName: expect.stringMatching(/^states\/all\/2026-11-23-12-00\/[0-9a-f]{8}$/),
      timestamp: start,
      ingestionTime: start,
      eventId: expect.stringContaining('#2'),
      message: JSON.stringify({
        id: '2',
        type: 'PassStateEntered',
        details: { name: 'A', input: '{"order":"a 1"}', inputDetails: { truncated: false } },
        redrive_count: '0',
        previous_event_id: '0',
        event_timestamp: String(start),
        execution_arn: 'arn:aws:states:us-east-1:000000000000:express:all:one:1',
      }),
    });
  });

  test.each<[string, string, readonly string[]]>([
    [
      'an event by execution ARN and id',
      '{ $.execution_arn = "arn:aws:states:us-east-1:000000000000:express:all:two:1" && $.id = 7 }',
      ['two ExecutionFailed'],
    ],
    [
      'events by a field of their details',
      '{$.details.error = "Sad"}',
      ['one ExecutionFailed', 'two ExecutionFailed'],
    ],
    [
      'events by a condition with !=',
      '{ $.type != ExecutionFailed && $.details.name = "C" }',
      ['one FailStateEntered', 'two FailStateEntered'],
    ],
    ['events that contain all words', 'ExecutionFailed express:all:one', ['one ExecutionFailed']],
    ['events that contain a phrase and a word', '"a 1" ExecutionStarted', ['one ExecutionStarted']],
    [
      'events by one of two conditions, where && binds more than ||',
      '{ $.type = "ExecutionFailed" || $.type = "ExecutionStarted" && $.execution_arn = "*:all:two:*" }',
      ['two ExecutionStarted', 'one ExecutionFailed', 'two ExecutionFailed'],
    ],
    [
      'events by conditions in parentheses',
      '{ ($.type = "ExecutionFailed" || $.type = "ExecutionStarted") && ($.execution_arn = "*:all:two:*") }',
      ['two ExecutionStarted', 'two ExecutionFailed'],
    ],
    ['nothing when no event matches', '{ $.details.error = "Glad" }', []],
  ])('a filter pattern finds %s', async (_what, filterPattern, expected) => {
    expect(told(await filter('all', { filterPattern }))).toEqual(expected);
  });

  test('only events from startTime up to and including endTime are returned', async () => {
    const answer = await filter('all', { startTime: start + 1, endTime: start + 1_999 });
    expect(told(answer)).toHaveLength(4);
    expect(answer.events.every(({ timestamp }) => timestamp === start + 1_000)).toBe(true);
    expect((await filter('all', { startTime: start + 1_000, endTime: start + 1_000 })).events).toEqual(
      answer.events,
    );
  });

  test.each([
    [5, [5, 5, 4]],
    [1, Array.from({ length: 14 }, () => 1)],
  ])(
    'events are returned page by page, at most %i on one, also of the same instant',
    async (limit, lengths) => {
      const whole = await filter('all');
      const pages: Answer[] = [];
      let nextToken: string | undefined;
      do {
        const page = await filter('all', { limit, ...(nextToken && { nextToken }) });
        pages.push(page);
        ({ nextToken } = page);
      } while (nextToken !== undefined && pages.length <= whole.events.length);
      expect(pages.map(({ events }) => events.length)).toEqual(lengths);
      expect(pages.flatMap(({ events }) => events)).toEqual(whole.events);
    },
  );

  test('a page ends at a megabyte, and a text that is too long for a log is truncated', async () => {
    for (const name of ['three', 'four']) await run('all', name, start + 60_000, 'x'.repeat(262_000));
    const { events, nextToken } = await filter('all', { startTime: start + 60_000 });
    const bytes = events.map(({ message }) => Buffer.byteLength(message));
    expect(nextToken).toBeDefined();
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(1024 * 1024);
    expect(JSON.parse(events[0]?.message ?? '')).toMatchObject({
      details: { inputDetails: { truncated: true } },
    });
  });

  test('only what is sent is made into text', async () => {
    const made = jest.spyOn(JSON, 'stringify');
    const { nextToken } = await filter('all', { limit: 2 });
    expect(made.mock.calls.filter(([value]) => Object.hasOwn(Object(value), 'execution_arn'))).toHaveLength(
      2,
    );
    made.mockClear();
    await filter('all', { limit: 2, nextToken });
    expect(made.mock.calls.filter(([value]) => Object.hasOwn(Object(value), 'execution_arn'))).toHaveLength(
      2,
    );
    made.mockRestore();
  });

  test('no data is returned when the state machine logs none', async () => {
    const { events } = await filter('without-data');
    expect(events).toHaveLength(7);
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  test.each([
    ['errors', ['one FailStateEntered', 'one ExecutionFailed']],
    ['fatal', ['one ExecutionFailed']],
  ])("only events of the state machine's log level are returned: %s", async (name, expected) => {
    expect(told(await filter(name))).toEqual(expected);
  });

  test.each([
    ['a log group that does not exist', 'none', {}, 'ResourceNotFoundException'],
    ['the log group of a state machine that does not log', 'silent', {}, 'ResourceNotFoundException'],
    [
      'a pattern that the twin does not support',
      'all',
      { filterPattern: '?a ?b' },
      'InvalidParameterException',
    ],
    ['a condition without a value', 'all', { filterPattern: '{ $.id }' }, 'InvalidParameterException'],
    [
      'an operator that the twin does not support',
      'all',
      { filterPattern: '{ $.id > 3 }' },
      'InvalidParameterException',
    ],
    [
      'a parenthesis that is not closed',
      'all',
      { filterPattern: '{ ($.id = 3 }' },
      'InvalidParameterException',
    ],
    ['a limit that is too high', 'all', { limit: 10_001 }, 'InvalidParameterException'],
    ['a negative time', 'all', { startTime: -1 }, 'InvalidParameterException'],
    ['two names of a log group', 'all', { logGroupIdentifier: '/states/all' }, 'InvalidParameterException'],
    ['a token that the twin did not issue', 'all', { nextToken: 'x' }, 'InvalidParameterException'],
  ])('a request is refused with %s', async (_what, name, request, code) => {
    await expect(filter(name, request)).rejects.toMatchObject({ code });
  });

  test('a log group is also found by its ARN', async () => {
    const logGroupIdentifier = 'arn:aws:logs:us-east-1:000000000000:log-group:/states/fatal:*';
    expect(told(await filter(undefined, { logGroupIdentifier }))).toEqual(['one ExecutionFailed']);
  });

  test('the log group of a state machine at level OFF exists and stays empty', async () => {
    expect(await filter('off')).toMatchObject({ events: [] });
  });

  test('log streams can be named, and every execution has its own', async () => {
    const { events } = await filter('all', { limit: 4 });
    const [name = ''] = events.map(({ logStreamName }) => logStreamName);
    expect(new Set(told(await filter('all', { logStreamNames: [name] })))).not.toContain(
      'two ExecutionStarted',
    );
    expect(told(await filter('all', { logStreamNamePrefix: 'states/other/' }))).toEqual([]);
  });

  test('a page goes on behind the last line that was sent, although older executions were forgotten', async () => {
    const forgetful = { list: () => records } as unknown as Executions;
    const record = executions.list(arnOf('all')).at(-1);
    if (record === undefined) throw new Error('no execution');
    let records = [record];
    const { FilterLogEvents: read = async () => ({}) } = createLogs([logged('all', 'ALL', true)], forgetful);
    const page = (token?: string) =>
      read(
        new RequestBody({ logGroupName: '/states/all', limit: 5, ...(token && { nextToken: token }) }),
      ) as Promise<Answer>;
    const { nextToken } = await page();
    records = [{ ...record, history: record.history.slice(2) }];
    expect(told(await page(nextToken))).toEqual(['one FailStateEntered', 'one ExecutionFailed']);
  });
});
