import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { userInfo } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetScheduleCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import type {
  EventStory,
  EventsPage,
  Failures,
  HistoryDetail,
  Overview,
  Run,
  RunsPage,
  Session,
} from '../../console/api.ts';
import { clientOptions } from '../support/local-aws.ts';
import type { TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

let twin: TwinProcess;
let pool: pg.Pool;

useTwin((underTest) => {
  ({ twin, pool } = underTest);
});

const get = <T>(path: string) => twin.get<T>(`/api${path}`);
const insert = (count: number, type: string, values = '{}') =>
  pool.query(
    `insert into outbox_events (aggregate_id, event_type, payload)
     select 'a' || n, $1, $2 from generate_series(1, $3) as n`,
    [type, values, count],
  );
/** The overview is read again only after a moment. */
async function overviewOnce(condition: (overview: Overview) => boolean): Promise<Overview> {
  let overview: Overview;
  do overview = await get<Overview>('/overview');
  while (!condition(overview));
  return overview;
}
const escaped = (arn: string) => encodeURIComponent(arn);

/** Node's own client, because fetch does not allow these headers to be set. */
async function call(url: string, method: string, headers: Record<string, string>, body = '') {
  const request = httpRequest(url, { method, headers }).end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

describe('the console of npm start', () => {
  beforeAll(async () => {
    await twin.setFaults([
      { service: 'events', kind: 'entry-error', code: 'MalformedDetail', match: { detailType: 'poisoned' } },
    ]);
    await insert(3, 'dish.rated', '{"n": 12345678901234567890.5}');
    await insert(2, 'poisoned');
    await twin.tick();
    await twin.setFaults([]);
    await twin.tick();
  }, 60_000);

  test('the session tells the place, the machines and what runs leave behind', async () => {
    const session = await get<Session>('/session');
    expect(session).toMatchObject({
      place: expect.stringContaining(twin.url),
      readOnly: false,
      history: 'all',
    });
    expect(session.machines.map(({ role, type }) => [role, type])).toEqual([
      ['processor', 'EXPRESS'],
      ['redrive', 'STANDARD'],
      ['replay', 'STANDARD'],
      ['cleanup', 'EXPRESS'],
    ]);
  });

  test('the overview counts the events, says what is wrong and shows the schedules', async () => {
    const overview = await get<Overview>('/overview');
    expect(overview.counts).toEqual({ pending: 0, processing: 0, processed: 3, failed: 2 });
    expect(overview.findings).toEqual([
      expect.objectContaining({ severity: 'error', message: '2 events have failed and wait for a person' }),
    ]);
    expect(overview.schedules.map(({ name, state }) => [name, state])).toEqual([
      ['outbox-processor', 'ENABLED'],
      ['outbox-cleanup', 'ENABLED'],
    ]);
    expect(overview.alarms).toContainEqual({
      name: 'outbox-events-failed',
      state: 'INSUFFICIENT_DATA',
      reason: 'Unchecked: Initial alarm creation',
    });
    expect(overview.samples).not.toHaveLength(0);
  });

  test('events are found by every filter, and by pages without a gap', async () => {
    const { failures } = await get<Failures>('/failures');
    expect(failures).toEqual([
      expect.objectContaining({ errorType: 'MalformedDetail', eventType: 'poisoned', events: 2 }),
    ]);
    const failed = await get<EventsPage>(
      '/events?status=failed&eventType=poisoned&errorType=MalformedDetail',
    );
    expect(failed.events).toHaveLength(2);
    const [event] = failed.events;
    expect((await get<EventsPage>(`/events?id=${event?.eventId}`)).events).toEqual([event]);
    expect((await get<EventsPage>(`/events?run=${escaped(event?.runArn ?? '')}`)).events).toHaveLength(5);
    expect((await get<EventsPage>('/events?aggregateId=a1')).events).toHaveLength(2);
    expect((await get<EventsPage>('/events?createdBefore=2020-01-01T00:00:00Z')).events).toEqual([]);

    await insert(250, 'many');
    await pool.query(`update outbox_events set due_at = '2100-01-01' where event_type = 'many'`);
    const ids: string[] = [];
    let before: string | undefined;
    do {
      const page: EventsPage = await get(
        `/events?status=pending&eventType=many${before === undefined ? '' : `&before=${before}`}`,
      );
      ids.push(...page.events.map(({ eventId }) => eventId));
      before = page.next;
    } while (before !== undefined);
    expect(new Set(ids).size).toBe(250);
    expect(ids).toHaveLength(250);
    await pool.query(`delete from outbox_events where event_type = 'many'`);
  });

  test('the story of an event has its payload only when asked, exactly as it is stored', async () => {
    const [event] = (await get<EventsPage>('/events?eventType=dish.rated')).events;
    const story = await get<EventStory>(`/events/${event?.eventId}`);
    expect(story).toMatchObject({ status: 'processed', attempts: 1, eventBridgeId: expect.any(String) });
    expect(story).not.toHaveProperty('payload');
    expect(story.columns).not.toHaveProperty('payload');
    expect(await get<EventStory>(`/events/${event?.eventId}?payload=true`)).toMatchObject({
      payload: expect.stringContaining('12345678901234567890.5'),
    });
  });

  test('runs are listed from their history, idle ones only when asked, and read in parts', async () => {
    const { runs, idle } = await get<RunsPage>('/runs');
    expect(runs).toEqual([
      expect.objectContaining({ status: 'SUCCEEDED', output: expect.objectContaining({ claimed: 5 }) }),
    ]);
    expect(idle).toBe(1);
    expect((await get<RunsPage>('/runs?idle=true')).runs).toHaveLength(2);

    const path = `/runs/${escaped(runs[0]?.arn ?? '')}`;
    const run = await get<Run>(path);
    expect(run.events.map(({ id }) => id)).toEqual(run.events.map((_, index) => index + 1));
    expect(run.events.at(-1)?.type).toBe('ExecutionSucceeded');
    expect(run).not.toHaveProperty('truncated');
    expect((await get<Run>(`${path}?after=${run.events.length - 1}`)).events).toEqual(run.events.slice(-1));
    expect(await get<HistoryDetail>(`${path}/history/2`)).toMatchObject({
      type: 'PassStateEntered',
      details: { name: 'Begin run', input: '{}' },
    });
  });

  test('a redrive is counted first, then started and shown as a run', async () => {
    const post = async (body: object) =>
      JSON.parse(
        (
          await call(
            `${twin.url}/api/redrives`,
            'POST',
            { 'content-type': 'application/json' },
            JSON.stringify(body),
          )
        ).body,
      ) as { matching: number; executionArn?: string };
    const filter = { eventType: 'poisoned' };
    expect(await post({ filter, dryRun: true })).toEqual({ matching: 2 });
    expect(await post({ filter: {}, dryRun: true })).toMatchObject({ error: 'BadRequest' });
    const { executionArn = '', matching } = await post({ filter, dryRun: false });
    expect(matching).toBe(2);
    const path = `/runs/${escaped(executionArn)}`;
    await expectEventually(async () => (await get<Run>(path)).status, 'SUCCEEDED');
    const run = await get<Run>(path);
    expect(run.events.map(({ type }) => type)).toContain('TaskSucceeded');
    expect(await get<HistoryDetail>(`${path}/history/2`)).toMatchObject({
      details: { name: 'Requeue events' },
    });
    expect((await get<RunsPage>('/runs')).runs.map(({ arn }) => arn)).toContain(executionArn);
  });

  test('a replay is counted first, then started with its rate and reason, and shown as a run', async () => {
    const json = { 'content-type': 'application/json' };
    const post = async (body: object) =>
      JSON.parse((await call(`${twin.url}/api/replays`, 'POST', json, JSON.stringify(body))).body) as {
        executionArn?: string;
      };
    const { rows } = await pool.query<{ id: string }>(
      `select id from outbox_events where status = 'PROCESSED' limit 1`,
    );
    const filter = { eventIds: rows.map(({ id }) => id) };
    expect(await post({ filter, dryRun: true })).toEqual({
      matching: 1,
      oldestProcessedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(await post({ filter, dryRun: true, rate: 0 })).toMatchObject({ error: 'BadRequest' });
    const { executionArn = '' } = await post({ filter, dryRun: false, rate: 7, reason: 'why' });
    const path = `/runs/${escaped(executionArn)}`;
    await expectEventually(async () => (await get<Run>(path)).status, 'SUCCEEDED');
    expect(JSON.parse((await get<Run>(path)).input ?? '')).toEqual({ ...filter, rate: 7, reason: 'why' });
    expect(await get(`/events/${rows[0]?.id}`)).toMatchObject({
      replays: 1,
      replayArn: executionArn,
      replayReason: 'why',
      replayedAt: expect.any(String),
    });
  });

  test.each([
    ['/events?status=lost', 400, 'expected pending, processing, processed, failed'],
    ['/events/7', 400, 'uuid'],
    ['/events/00000000-0000-0000-0000-000000000000', 404, 'there is no event'],
    ['/runs/arn:aws:states:us-east-1:000000000000:express:outbox-processor:a:b', 404, 'has no history'],
    ['/runs/none', 404, 'no run of this outbox'],
    ['/runs?next=x', 400, 'next is x'],
    ['/nothing', 404, '/api/nothing'],
    ['/redrives', 405, 'takes POST'],
  ])('%s is answered with %i and a sentence', async (path, status, sentence) => {
    const answer = await call(`${twin.url}/api${path}`, 'GET', {});
    expect(answer.status).toBe(status);
    expect((JSON.parse(answer.body) as { message: string }).message).toContain(sentence);
  });

  test('a service that refuses is answered with what is missing, and the page recovers by itself', async () => {
    const read = async () => JSON.parse((await call(`${twin.url}/api/failures`, 'GET', {})).body) as object;
    await twin.setFaults([{ service: 'rds-data', kind: 'error', code: 'ExpiredTokenException' }]);
    expect(await read()).toMatchObject({
      error: 'SessionExpired',
      remedy: expect.stringContaining('sign in again'),
    });
    await twin.setFaults([{ service: 'rds-data', kind: 'error', code: 'AccessDeniedException' }]);
    expect(await read()).toMatchObject({
      error: 'AccessDenied',
      remedy: expect.stringContaining('docs/console.md'),
    });
    await twin.setFaults([]);
    expect(await read()).toHaveProperty('failures');
  });
});

describe('ordering keys in the console', () => {
  let ids: string[];

  beforeAll(async () => {
    await pool.query('truncate outbox_events');
    const { rows } = await pool.query<{ id: string }>(
      `insert into outbox_events (aggregate_id, event_type, payload, ordering_key)
       select 'a', type, '{}', 'dish 7' from unnest(array['poisoned', 'dish.rated', 'dish.rated']) with ordinality as t(type, n)
       order by n returning id`,
    );
    ids = rows.map(({ id }) => id);
    await twin.setFaults([
      { service: 'events', kind: 'entry-error', code: 'MalformedDetail', match: { detailType: 'poisoned' } },
    ]);
    await twin.tick();
    await twin.setFaults([]);
  });

  const skip = async (body: object) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await call(`${twin.url}/api/skips`, 'POST', headers, JSON.stringify(body));
    return { status: answer.status, body: JSON.parse(answer.body) as object };
  };

  test('the overview counts the blocked keys and says so, and the list finds the events that block them', async () => {
    const overview = await overviewOnce(({ blockedKeys }) => blockedKeys === 1);
    expect(overview.findings).toContainEqual(
      expect.objectContaining({ message: '1 ordering key waits behind a failed event' }),
    );
    const listed = async (query: string) =>
      (await get<EventsPage>(`/events?${query}`)).events.map(({ eventId }) => eventId);
    expect(await listed('blocksKey=yes')).toEqual([ids[0]]);
    expect((await listed('orderingKey=dish%207')).sort()).toEqual([...ids].sort());
    expect(await listed('orderingKey=dish')).toEqual([]);
  });

  test('the story says what waits behind an event, and what it waits for', async () => {
    expect(await get<EventStory>(`/events/${ids[0]}`)).toMatchObject({
      orderingKey: 'dish 7',
      waitingBehind: 2,
      waitsFor: null,
      skippedAt: null,
    });
    expect(await get<EventStory>(`/events/${ids[2]}`)).toMatchObject({
      errorType: 'NotSent',
      attempts: 0,
      waitingBehind: 0,
      waitsFor: { eventId: ids[0], status: 'failed' },
    });
  });

  test('a skip is counted first, records who did it and why, and a redrive then says that it is out of order', async () => {
    const [eventId = '', waiting = ''] = ids;
    expect(await skip({ eventId, dryRun: true })).toEqual({
      status: 200,
      body: { orderingKey: 'dish 7', waitingBehind: 2 },
    });
    expect(await skip({ eventId: waiting, dryRun: false })).toEqual({
      status: 400,
      body: expect.objectContaining({
        message: expect.stringContaining('PENDING: only a failed event can be skipped'),
      }),
    });
    expect(await skip({ eventId })).toMatchObject({ status: 400 });
    expect(await skip({ eventId, dryRun: false, reason: ' the dish is gone ' })).toEqual({
      status: 200,
      body: { orderingKey: 'dish 7', waitingBehind: 2, skippedAt: expect.any(String) },
    });
    expect(await get<EventStory>(`/events/${eventId}`)).toMatchObject({
      status: 'failed',
      skippedBy: userInfo().username,
      skipReason: 'the dish is gone',
      waitingBehind: 0,
    });
    const order = JSON.stringify({ filter: { eventIds: [eventId] }, dryRun: true });
    const json = { 'content-type': 'application/json' };
    const redrive = await call(`${twin.url}/api/redrives`, 'POST', json, order);
    expect(JSON.parse(redrive.body)).toEqual({ matching: 1, outOfOrder: 1 });
  });
});

describe('the APIs that the console needs of the twin', () => {
  test('an SDK client finds a run in the log group of the state machine', async () => {
    const logs = new CloudWatchLogsClient(clientOptions(twin.url));
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({
        logGroupName: '/aws/vendedlogs/states/outbox-processor',
        filterPattern: '{ $.type = "ExecutionStarted" || $.type = "ExecutionSucceeded" }',
        limit: 2,
      }),
    );
    logs.destroy();
    expect(events.map(({ message = '' }) => (JSON.parse(message) as { type: string }).type)).toEqual([
      'ExecutionStarted',
      'ExecutionSucceeded',
    ]);
  });

  test('an SDK client reads the schedules of the group', async () => {
    const scheduler = new SchedulerClient(clientOptions(twin.url));
    const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({ GroupName: 'outbox' }));
    const schedule = await scheduler.send(
      new GetScheduleCommand({ GroupName: 'outbox', Name: 'outbox-processor' }),
    );
    const missing = scheduler.send(new GetScheduleCommand({ GroupName: 'outbox', Name: 'none' }));
    await expect(missing).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    scheduler.destroy();
    expect(Schedules.map(({ Name }) => Name)).toEqual(['outbox-processor', 'outbox-cleanup']);
    expect(schedule).toMatchObject({ State: 'ENABLED', ScheduleExpression: 'rate(1 minute)' });
  });
});

describe('outbox console', () => {
  let address: URL;
  let stop: () => Promise<unknown>;

  beforeAll(async () => {
    // Nothing but the SDK's own variable says where the outbox is.
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'bin/outbox.ts', 'console', '--port', '0', '--read-only', '--json'],
      {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        env: { ...process.env, AWS_ENDPOINT_URL: twin.url },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const ended = once(child, 'close');
    stop = async () => {
      child.kill('SIGINT');
      return (await ended)[1];
    };
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    address = new URL((JSON.parse(line) as { url: string }).url);
  }, 60_000);

  afterAll(async () => {
    expect(await stop()).toBe('SIGINT');
  });

  const api = (path: string) => `${address.origin}/api${path}`;
  const bearer = () => ({ authorization: `Bearer ${address.hash.slice('#token='.length)}` });

  test('it answers whoever has the token of its address', async () => {
    expect(address.hostname).toBe('127.0.0.1');
    const { status, body, headers } = await call(api('/session'), 'GET', bearer());
    expect([status, JSON.parse(body)]).toEqual([200, expect.objectContaining({ readOnly: true })]);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      'x-content-type-options': 'nosniff',
    });
  });

  test.each<[string, Record<string, string>, number, string]>([
    ['without a token', { authorization: '' }, 401, 'WrongToken'],
    ['with another token', { authorization: 'Bearer x' }, 401, 'WrongToken'],
    ['under another name of this machine', { host: 'evil.example' }, 421, 'MisdirectedRequest'],
    ['from another page', { origin: 'http://evil.example' }, 403, 'ForeignOrigin'],
    ['from a page on another port', { origin: 'http://127.0.0.1:1' }, 403, 'ForeignOrigin'],
  ])('a request %s is refused', async (_, headers, status, error) => {
    const answer = await call(api('/session'), 'GET', { ...bearer(), ...headers });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, expect.objectContaining({ error })]);
  });

  test('it changes nothing when it only reads, and takes JSON only', async () => {
    const json = { ...bearer(), 'content-type': 'application/json' };
    const refused = await call(api('/runs'), 'POST', json, '{}');
    expect([refused.status, JSON.parse(refused.body)]).toEqual([
      403,
      expect.objectContaining({ error: 'ReadOnly' }),
    ]);
    const dryRun = await call(api('/redrives'), 'POST', json, '{"filter":{"all":true},"dryRun":true}');
    expect(JSON.parse(dryRun.body)).toMatchObject({ matching: expect.any(Number) });
    const skip = await call(
      api('/skips'),
      'POST',
      json,
      '{"eventId":"00000000-0000-4000-8000-000000000000","dryRun":false}',
    );
    expect(JSON.parse(skip.body)).toMatchObject({ error: 'ReadOnly' });
    expect(
      (await call(api('/runs'), 'POST', { ...bearer(), 'content-type': 'text/plain' }, '{}')).status,
    ).toBe(415);
  });
});

async function expectEventually<T>(read: () => Promise<T>, expected: T): Promise<void> {
  let found = await read();
  for (const deadline = Date.now() + 60_000; found !== expected && Date.now() < deadline; )
    found = await read();
  expect(found).toEqual(expected);
}
