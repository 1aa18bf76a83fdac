import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { beginScenario } from '../support/outbox-scenario.ts';
import type { Execution, TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

interface Listed {
  readonly events: readonly { readonly id: string; readonly sequence: string; readonly status: string }[];
  readonly next: string | null;
  readonly matching: { readonly count: number; readonly more: boolean };
}

let twin: TwinProcess;
let pool: pg.Pool;

useTwin((underTest) => {
  ({ twin, pool } = underTest);
});

/** Node's own client, because fetch does not allow these headers to be set. */
async function call(method: string, path: string, headers: Record<string, string>) {
  const request = httpRequest(`${twin.url}${path}`, { method, headers }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

describe('access to the twin', () => {
  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1', '127.0.0.1:1'])(
    'a request with the Host header %s is refused',
    async (host) => {
      const { status, body } = await call('POST', '/_local/tick', { host });

      expect(status).toBe(421);
      expect(body).toContain(`only, received the Host header ${host}`);
    },
  );

  test.each(['http://evil.example', 'null', 'http://127.0.0.1:1', 'https://localhost'])(
    'a request from a page of the origin %s is refused',
    async (origin) => {
      const before = await twin.get<Execution[]>('/_local/executions');

      for (const path of ['/_local/tick', '/', '/Execute']) {
        const { status, body } = await call('POST', path, { origin });
        expect(status).toBe(403);
        expect(body).toContain(`the twin answers no other web page, received the Origin header ${origin}`);
      }

      expect(await twin.get('/_local/executions')).toEqual(before);
    },
  );

  test("requests from the twin's own page, under both host names, and without an Origin header are answered", async () => {
    const { port, origin } = new URL(twin.url);
    const host = `localhost:${port}`;

    expect((await call('GET', '/_local/health', { origin })).status).toBe(200);
    expect((await call('GET', '/_local/health', { host, origin: `http://${host}` })).status).toBe(200);
    expect((await call('GET', '/_local/health', {})).status).toBe(200);
  });
});

describe('files of the page', () => {
  test.each([
    ['/', 'text/html'],
    ['/console/main.js', 'text/javascript'],
    ['/console/dagre.js', 'text/javascript'],
    ['/console/base.css', 'text/css'],
    ['/console/icon.svg', 'image/svg+xml'],
  ])('the file %s is %s and allows no content from elsewhere', async (path, type) => {
    const { status, headers } = await call('GET', path, {});

    expect(status).toBe(200);
    expect(headers['content-type']).toContain(type);
    expect(headers['cache-control']).toBe('no-cache');
    expect(headers['content-security-policy']).toMatch(/^default-src 'self';.*frame-ancestors 'none'/);
  });

  test.each(['/console/none.js', '/console/../main.ts', '/console/%2e%2e/main.ts', '/console/..%2fmain.ts'])(
    'there is no file at %s',
    async (path) => {
      expect((await call('GET', path, {})).status).toBe(404);
    },
  );
});

describe('outbox API of the page', () => {
  /** 250 events: 25 removals that all failed for good in a run, and one delayed event. */
  beforeAll(async () => {
    await beginScenario(twin, pool, 250);
    await twin.setFaults([
      {
        service: 'events',
        kind: 'entry-error',
        code: 'MalformedDetail',
        match: { detailType: 'dish.removed' },
      },
    ]);
    await twin.tick();
    await twin.setFaults([]);
    await pool.query(
      `insert into outbox_events (aggregate_id, event_type, payload, due_at)
       values ('late', 'dish.delayed', '{"n": 12345678901234567}', now() + interval '1 hour'), ('now', 'dish.due', '{}', now() - interval '1 minute')`,
    );
  }, 60_000);

  test('the status has the counts, the lag and the samples', async () => {
    const status = await twin.get<Record<string, unknown>>('/_local/outbox');

    expect(status).toMatchObject({ pending: 2, due: 1, dueLater: 1, processing: 0, failed: 25 });
    expect(status['lagSeconds']).toBeGreaterThan(59);
    expect(status['samples']).not.toHaveLength(0);
    expect(await twin.get('/_local/outbox/failed')).toEqual([
      { errorType: 'MalformedDetail', eventType: 'dish.removed', events: 25 },
    ]);
  });

  test('the status still has the former names of fields and paths for tools that read them', async () => {
    const status = await twin.get<Record<string, unknown>>('/_local/outbox');

    expect(status).toMatchObject({ waiting: 1, inFlight: 0, oldestLeaseEnd: null });
    expect(await twin.get('/_local/outbox/parked')).toEqual(await twin.get('/_local/outbox/failed'));
  });

  test('the list has the newest events first in pages of 100, each event exactly once', async () => {
    const seen: string[] = [];
    let query = '';
    for (;;) {
      const { events, next, matching } = await twin.get<Listed>(`/_local/outbox/events${query}`);
      expect(matching).toEqual({ count: 252, more: false });
      seen.push(...events.map(({ sequence }) => sequence));
      if (next === null) break;
      query = `?before=${next}`;
    }

    expect(seen).toHaveLength(252);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => Number(b) - Number(a)));
  });

  test.each([
    ['status=pending', 2],
    ['status=processing', 0],
    ['status=failed', 25],
    ['status=processed', 225],
    ['errorType=MalformedDetail', 25],
    ['eventType=dish.removed&aggregateId=3', 4],
    ["eventType=' or true --", 0],
  ])('the list with %s has %s events', async (query, count) => {
    expect((await twin.get<Listed>(`/_local/outbox/events?${query}`)).matching.count).toBe(count);
  });

  test('the list truncates a text of a megabyte, and the event itself has it completely', async () => {
    const [aggregateId, error] = ['文'.repeat(300_000), '誤'.repeat(300_000)];
    await pool.query(
      `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, failed_at, last_error_type, last_error)
       values ($1, 'dish.large', '{}', 'FAILED', null, now(), $2, $2)`,
      [aggregateId, error],
    );

    const { events } = await twin.get<{ events: { id: string }[] }>(
      '/_local/outbox/events?eventType=dish.large',
    );

    expect(events).toMatchObject([
      { aggregateId: '文'.repeat(512), errorType: '誤'.repeat(160), error: '誤'.repeat(160) },
    ]);
    expect(await twin.get(`/_local/outbox/events/${events[0]?.id}`)).toMatchObject({ aggregateId, error });
    await pool.query(`delete from outbox_events where event_type = 'dish.large'`);
  });

  test.each(['status=BOGUS', 'id=7', 'before=x'])('the list refuses %s with a sentence', async (query) => {
    const { status, body } = await call('GET', `/_local/outbox/events?${query}`, {});

    expect(status).toBe(400);
    expect(body).toContain(query.split('=')[1]);
  });

  test('an event has its row with exact numbers, its run and its entry on the bus', async () => {
    const listed = await twin.get<Listed>('/_local/outbox/events?status=processed');
    const id = listed.events[0]?.id ?? '';
    const [run] = await twin.get<Execution[]>('/_local/executions');

    expect(await twin.get(`/_local/outbox/events/${id}`)).toMatchObject({
      id,
      status: 'processed',
      runId: run?.executionArn,
    });
    const { entries } = await twin.get<{ entries: { order: number; Detail: string }[] }>(
      `/_local/outbox/events/${id}/bus`,
    );
    expect(entries).toHaveLength(1);
    expect(entries[0]?.Detail).toContain(id);
    expect(entries[0]?.order).toBeGreaterThan(0);
    const [late] = (await twin.get<Listed>('/_local/outbox/events?aggregateId=late')).events;
    expect(await twin.get(`/_local/outbox/events/${late?.id}`)).toMatchObject({
      payload: expect.stringContaining('12345678901234567'),
    });
    expect((await call('GET', '/_local/outbox/events/00000000-0000-0000-0000-000000000000', {})).status).toBe(
      404,
    );
  });

  test('the runs are listed with idle runs folded, and a history can be read in parts', async () => {
    await twin.tick();
    await twin.tick();
    const { runs, idle } = await twin.get<{ runs: { executionArn: string }[]; idle: number }>('/_local/runs');
    expect(idle).toBeGreaterThan(0);
    const path = `/_local/runs/${encodeURIComponent(runs[0]?.executionArn ?? '')}`;

    const whole = await twin.get<{ events: { id: number; type: string }[] }>(path);
    const rest = await twin.get<{ events: { id: number }[] }>(`${path}?after=${whole.events.length - 1}`);

    expect(rest.events).toEqual(whole.events.slice(-1));
    const entered = whole.events.find(({ type }) => type === 'PassStateEntered');
    expect(await twin.get(`${path}/history/${entered?.id}`)).toMatchObject({
      stateEnteredEventDetails: { name: 'Begin run', input: '{}' },
    });
    expect((await call('GET', '/_local/runs/none', {})).status).toBe(404);
  });
});
