import { userInfo } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { bundleCli, type Cli } from '../support/cli-process.ts';
import { beginScenario } from '../support/outbox-scenario.ts';
import { type TwinProcess, temporaryDataDir } from '../support/twin-process.ts';
import { startIdleTwin } from '../support/use-twin.ts';

let twin: TwinProcess;
let pool: pg.Pool;
let cli: Cli;
let removeData: () => Promise<void>;
let local: string;

beforeAll(async () => {
  const { dataDir, remove } = await temporaryDataDir();
  removeData = remove;
  [twin, cli] = await Promise.all([startIdleTwin('--data-dir', dataDir), bundleCli()]);
  local = `--local=${twin.url}`;
  pool = new pg.Pool({ connectionString: twin.health.postgresUrl });
  pool.on('error', () => undefined); // the server may end before the last connection is closed
}, 60_000);

afterAll(async () => {
  await pool?.end();
  await twin?.stop();
  await cli?.remove();
  await removeData?.();
});

/** 20 events, of which 2 failed for good in a run. */
beforeEach(async () => {
  await beginScenario(twin, pool, 20);
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
});

const json = async (...parameters: string[]) => {
  const { stdout, ...rest } = await cli.run([...parameters, local, '--json']);
  return { ...rest, answer: JSON.parse(stdout) as Record<string, unknown> };
};

const statuses = async () =>
  Object.fromEntries(
    (await pool.query('select status, count(*)::int from outbox_events group by 1')).rows.map(
      ({ status, count }: { status: string; count: number }) => [status, count],
    ),
  );

const anId = async (status: string) =>
  (await pool.query<{ id: string }>('select id from outbox_events where status = $1 limit 1', [status]))
    .rows[0]?.id ?? '';

const stderrIsOneSentence = (stderr: string) => expect(stderr).toMatch(/^error [^\n]+\n$/);

test('status shows the events by status, the lag and the last runs', async () => {
  const { exitCode, answer, stderr } = await json('status');
  const { stdout } = await cli.run(['status', local]);

  expect(answer).toMatchObject({
    backlog: { pending: 0, due: 0, processing: 0, failed: 2, processed: 18 },
    redrives: expect.anything(),
  });
  expect(answer['processorRuns']).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ output: expect.objectContaining({ failedForGood: 2 }) }),
    ]),
  );
  expect(stdout).toContain('failed     2  wait for a person');
  expect([exitCode, stderr]).toEqual([0, '']);
});

test('list accepts filters, and in a terminal its lines are not wider than the terminal', async () => {
  const failed = await json('list', '--status', 'failed', '--error', 'MalformedDetail');
  const none = await json('list', '--type', 'dish.eaten');
  const { stdout } = await cli.startInTerminal(['list', local], 70).ended;
  const piped = await cli.run(['list', local]);

  expect(failed.answer['events']).toEqual([
    expect.objectContaining({ eventType: 'dish.removed', status: 'FAILED', errorType: 'MalformedDetail' }),
    expect.objectContaining({ eventType: 'dish.removed', status: 'FAILED' }),
  ]);
  expect(none.answer).toEqual({ events: [] });
  const lines = stripVTControlCharacters(stdout).split('\r\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(70);
  expect(stdout).toContain('\u001b[31m');
  expect(piped.stdout).toContain(await anId('FAILED'));
  expect(piped.stdout).not.toContain('\u001b');
});

test('show prints the whole row, and the detail exactly as it is published', async () => {
  const payload = '{"n":12345678901234567,"text":"ö"}';
  const enqueued = await json('enqueue', '--aggregate', '7', '--type', 'dish.rated', '--payload', payload);
  const [id] = enqueued.answer['eventIds'] as string[];

  const { stdout } = await cli.run(['show', `${id}`, local, '--json']);
  const failed = await cli.run(['show', await anId('FAILED'), local]);

  expect(JSON.parse(stdout)).toMatchObject({
    id,
    status: 'PENDING',
    aggregate_id: '7',
    detail: { text: 'ö' },
  });
  expect(stdout).toContain('"n": 12345678901234567,');
  expect(failed.stdout).toMatch(/^last_error_type +MalformedDetail$/m);
});

test('an event id may be any uuid in any form that PostgreSQL reads', async () => {
  const id = '76e1760a-d17a-f1cd-9453-d8a9d6c994e0';
  const [upper, bare] = [`{${id.toUpperCase()}}`, id.replaceAll('-', '')];
  const event = ['--aggregate', '7', '--type', 'dish.rated', '--payload', '{}'];
  const enqueued = await json('enqueue', ...event, '--event', upper);
  await pool.query(
    `update outbox_events set status = 'FAILED', due_at = null, failed_at = now() where id = $1`,
    [id],
  );

  const shown = await json('show', bare);
  const redriven = await json('redrive', '--event', upper, '--event', bare);

  expect(enqueued.answer).toEqual({ enqueued: 1, eventIds: [id] });
  expect(shown.answer).toMatchObject({ id, status: 'FAILED' });
  expect(redriven.answer).toMatchObject({ status: 'SUCCEEDED', matching: 1, processed: 1 });
  expect((await twin.busEvents()).filter(({ Detail }) => Detail.includes(id))).toHaveLength(1);
});

test('run publishes the due events, and ends with exit code 1 when the run fails', async () => {
  await pool.query(`insert into outbox_events (aggregate_id, event_type, payload) values ('1', 'a', '{}')`);
  const { answer, exitCode } = await json('run');
  await twin.setFaults([
    { service: 'rds-data', kind: 'error', code: 'AccessDeniedException', match: { sql: 'claim_outbox' } },
  ]);
  const failed = await cli.run(['run', local]);

  expect(answer).toMatchObject({ status: 'SUCCEEDED', output: { claimed: 1, published: 1 } });
  expect(exitCode).toBe(0);
  expect(failed.exitCode).toBe(1);
  expect(failed.stderr).toContain('ended FAILED');
  stderrIsOneSentence(failed.stderr);
});

test('purge deletes the events past their retention', async () => {
  await pool.query(
    `update outbox_events set processed_at = now() - interval '8 days' where status = 'PROCESSED'`,
  );

  const { stdout, exitCode } = await cli.run(['purge', local]);

  expect(stdout).toBe('purged 18, more false, overdueSeconds 0\n');
  expect(exitCode).toBe(0);
  expect(await statuses()).toEqual({ FAILED: 2 });
});

describe('while the bus is away', () => {
  const away = {
    service: 'events',
    operation: 'PutEvents',
    kind: 'error',
    code: 'InternalException',
  } as const;
  const sentence =
    /the bus has not accepted anything since \d{4}-\S+Z \([\d.]+ s\), InternalException: .*; nothing is lost, and no attempt is used before .*: 3 events wait/;
  const insertThree = () =>
    pool.query(
      `insert into outbox_events (aggregate_id, event_type, payload) select '1', 'a', '{}' from generate_series(1, 3)`,
    );

  test('run, status and doctor report an outage of the bus, and run and doctor end with exit code 1', async () => {
    await insertThree();
    await twin.setFaults([away]);

    const run = await json('run');
    const again = await json('run');
    const status = await cli.run(['status', local]);
    const doctor = await json('doctor');

    expect(run.answer).toMatchObject({
      status: 'SUCCEEDED',
      output: { claimed: 3, published: 0, outage: true },
    });
    expect([run.exitCode, status.exitCode, doctor.exitCode]).toEqual([1, 0, 1]);
    expect(run.stderr).toMatch(sentence);
    stderrIsOneSentence(run.stderr);
    expect([again.exitCode, again.answer['output']]).toEqual([1, expect.objectContaining({ claimed: 0 })]);
    expect(again.stderr).toMatch(/^error nothing was due yet: the bus has not accepted anything/);
    expect(status.stdout.split('\n')[0]).toMatch(sentence);
    expect(doctor.answer['checks']).toContainEqual({
      name: 'the bus accepts events',
      result: 'failed',
      found: expect.stringMatching(sentence),
      remedy: expect.stringMatching(/^wait: it drains by itself/),
    });
  });

  test('tail reports an outage once, and its end', async () => {
    const tail = cli.start(['tail', local]);
    await tail.shows('following the outcomes');
    await insertThree();
    await twin.setFaults([away]);
    await twin.tick();
    await tail.shows(sentence);
    await twin.setFaults([]);
    await pool.query(`update outbox_events set due_at = now() where status = 'PENDING'`);
    await twin.tick();

    await tail.shows('the bus accepts events again');

    tail.stop();
    const { stderr } = await tail.ended;
    expect(stderr.match(/has not accepted anything/g)).toHaveLength(1);
    expect((await json('status')).answer['outage']).toBeNull();
  });
});

test('run is exit code 1 when events that it claimed were not published', async () => {
  await pool.query(`insert into outbox_events (aggregate_id, event_type, payload) values ('1', 'a', '{}')`);
  await twin.setFaults([{ service: 'events', kind: 'entry-error', code: 'MalformedDetail' }]);

  const { exitCode, stderr } = await cli.run(['run', local]);

  expect(stderr).toMatch(
    /^error 1 of 1 events were not published; 1 failed for good and wait for a person: list --run arn:\S+ says why\n$/,
  );
  expect(exitCode).toBe(1);
});

describe('paused outbox', () => {
  beforeEach(async () => {
    await cli.run(['pause', '--reason', 'the bus is being moved', local]);
  });

  afterEach(async () => {
    await cli.run(['resume', local]);
  });

  test('run publishes nothing while the outbox is paused, gives the reason and ends with exit code 1', async () => {
    await pool.query(`insert into outbox_events (aggregate_id, event_type, payload) values ('1', 'a', '{}')`);

    const { answer, exitCode, stderr } = await json('run');

    expect(answer).toMatchObject({
      status: 'SUCCEEDED',
      output: { claimed: 0, published: 0, paused: true },
    });
    expect(stderr).toContain('the outbox is paused: nothing more is done until somebody resumes it');
    expect(exitCode).toBe(1);
    stderrIsOneSentence(stderr);
  });

  test('purge deletes nothing while the outbox is paused, gives the reason and ends with exit code 1', async () => {
    await pool.query(
      `update outbox_events set processed_at = now() - interval '8 days' where status = 'PROCESSED'`,
    );

    const { answer, exitCode } = await json('purge');

    expect(answer).toMatchObject({ output: { purged: 0, more: false, paused: true } });
    expect(exitCode).toBe(1);
  });

  test('redrive while the outbox is paused makes the events due and says that they wait', async () => {
    const { stdout, exitCode } = await cli.run(['redrive', '--type', 'dish.removed', '--yes', local]);

    expect(stdout).toBe('0 processed; the outbox is paused, and 2 are published when somebody resumes it\n');
    expect(exitCode).toBe(0);
    expect(await statuses()).toEqual({ PENDING: 2, PROCESSED: 18 });

    await cli.run(['resume', local]);
    expect((await json('run')).answer).toMatchObject({ output: { published: 2 } });
    expect(await statuses()).toEqual({ PROCESSED: 20 });
  });
});

describe('replay', () => {
  test('a dry run of replay counts what matches and says since when events are kept', async () => {
    const { answer } = await json('replay', '--all', '--dry-run');
    const { stdout } = await cli.run(['replay', '--processed-before', '2020-01-01T00:00:00Z', local]);

    expect(answer).toEqual({ dryRun: true, matching: 18, oldestProcessedAt: expect.stringMatching(/Z$/) });
    expect(stdout).toMatch(
      /^no event matches; processed events are kept from \S+Z on, older ones were purged\n$/,
    );
  });

  test('replay asks before more than one event, follows the replay to its end, and show tells it', async () => {
    const refused = await cli.run(['replay', '--all', local]);
    const flags = ['--rate', '200', '--limit', '5', '--reason', 'search was down', '--yes'];
    const { answer, exitCode, stderr } = await json('replay', '--all', ...flags);
    const { rows } = await pool.query<{ id: string }>('select id from outbox_events where replays = 1');

    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      'error 18 events match and nobody can be asked: look with --dry-run, then say --yes\n',
    ]);
    expect(answer).toMatchObject({ status: 'SUCCEEDED', replayed: 5, limitReached: true });
    expect(stderr).toContain('at most 200 a second: arn:aws:states:');
    expect(exitCode).toBe(0);
    expect(rows).toHaveLength(5);
    expect((await json('show', rows[0]?.id ?? '')).answer).toMatchObject({
      status: 'PROCESSED',
      replays: 1,
      replay_id: expect.stringContaining(':execution:outbox-replay:'),
      replay_reason: 'search was down',
    });
    expect(await statuses()).toEqual({ FAILED: 2, PROCESSED: 18 });
  });

  test('replay is exit code 1 when the bus refuses an event, which stays processed', async () => {
    await twin.setFaults([{ service: 'events', kind: 'entry-error', code: 'MalformedDetail' }]);

    const { exitCode, stderr } = await cli.run(['replay', '--event', await anId('PROCESSED'), local]);

    expect(stderr).toMatch(
      /error the replay ended FAILED with EventsNotReplayed: 0 events were replayed, and 1 were refused/,
    );
    expect(exitCode).toBe(1);
    expect(await statuses()).toEqual({ FAILED: 2, PROCESSED: 18 });
  });
});

describe('redrive', () => {
  test('a dry run of redrive only counts the events', async () => {
    const { answer } = await json('redrive', '--error', 'MalformedDetail', '--dry-run');

    expect(answer).toEqual({ dryRun: true, matching: 2 });
    expect(await statuses()).toEqual({ FAILED: 2, PROCESSED: 18 });
  });

  test('redrive refuses more than one event when it cannot ask for confirmation', async () => {
    const { exitCode, stderr } = await cli.run(['redrive', '--all', local]);

    expect(stderr).toContain('2 events match and nobody can be asked');
    expect(exitCode).toBe(2);
    expect(await statuses()).toEqual({ FAILED: 2, PROCESSED: 18 });
  });

  test('redrive with --yes follows the redrive to its end', async () => {
    const { exitCode, answer, stderr } = await json('redrive', '--type', 'dish.removed', '--yes');

    expect(answer).toMatchObject({ status: 'SUCCEEDED', matching: 2, processed: 2, failedAgain: 0 });
    expect(stderr).toContain('redriving 2 events: arn:aws:states:');
    expect(exitCode).toBe(0);
    expect(await statuses()).toEqual({ PROCESSED: 20 });
  });

  test('redrive of one event needs no confirmation, and ends with exit code 1 when it fails again', async () => {
    await twin.setFaults([{ service: 'events', kind: 'entry-error', code: 'MalformedDetail' }]);

    const { exitCode, stderr } = await cli.run(['redrive', '--event', await anId('FAILED'), local]);

    expect(stderr).toMatch(/error the redrive ended FAILED with EventsFailedAgain: 1 events failed again/);
    expect(exitCode).toBe(1);
  });

  test('redrive says that it waits for a bus that accepts nothing, and when it accepts events again', async () => {
    await pool.query(
      `insert into outbox_events (aggregate_id, event_type, payload, due_at, given_back_since, last_error_type, last_error)
       values ('7', 'dish.rated', '{}', now() + interval '1 hour', clock_timestamp(), 'InternalException', 'try later')`,
    );
    await twin.setFaults([{ service: 'events', operation: 'PutEvents', kind: 'latency', ms: 1_000 }]);

    const { exitCode, stderr } = await cli.run(['redrive', '--all', '--yes', local]);

    const said = stderr.split('\n').filter((line) => line.startsWith('the bus '));
    expect(said).toEqual([
      expect.stringMatching(/^the bus has not accepted anything since .* InternalException: try later; /),
      'the bus accepts events again',
    ]);
    expect(exitCode).toBe(0);
  });

  test('redrive asks for confirmation in a terminal and accepts "no"', async () => {
    const declined = cli.startInTerminal(['redrive', '--all', local]);
    await declined.shows('Redrive 2 events?');
    declined.type('n\r');
    expect(await declined.ended).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('nothing was redriven'),
    });
    expect(await statuses()).toEqual({ FAILED: 2, PROCESSED: 18 });

    const agreed = cli.startInTerminal(['redrive', '--all', local]);
    await agreed.shows('Redrive 2 events?');
    agreed.type('y\r');
    expect(await agreed.ended).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('2 processed') });
    expect(await statuses()).toEqual({ PROCESSED: 20 });
  });
});

describe('ordering keys', () => {
  let ids: string[];

  /** Four events of a key, the second of which fails for good, and one of another key. */
  beforeEach(async () => {
    const { rows } = await pool.query<{ id: string }>(
      `insert into outbox_events (aggregate_id, event_type, payload, ordering_key)
       select '7', type, '{}', key
       from unnest(array['dish.rated', 'dish.removed', 'dish.rated', 'dish.rated', 'dish.rated'],
         array['dish 7', 'dish 7', 'dish 7', 'dish 7', 'dish 8']) with ordinality as t(type, key, number)
       order by number returning id`,
    );
    ids = rows.map(({ id }) => id);
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
  });

  const [failed, behind] = [() => `${ids[1]}`, () => `${ids[2]}`];

  test('list --blocked names the failed event, since when and how many wait, right after the run', async () => {
    const { answer } = await json('list', '--blocked');
    const people = await cli.run(['list', '--blocked', local]);
    const refused = await cli.run(['list', '--blocked', '--status', 'failed', local]);

    expect(answer).toEqual({
      blockedKeys: [
        {
          orderingKey: 'dish 7',
          since: expect.stringMatching(/Z$/),
          eventId: failed(),
          eventType: 'dish.removed',
          errorType: 'MalformedDetail',
          error: expect.any(String),
          waitingBehind: 2,
        },
      ],
    });
    expect(people.stdout).toMatch(new RegExp(`dish 7 +${failed()} +\\S+Z +2 events +MalformedDetail`));
    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('only --ordering-key fits'),
    });
  });

  test('status and doctor say that a key is blocked, and doctor names it with its remedy', async () => {
    const status = await cli.run(['status', local]);
    const doctor = await json('doctor');

    expect(status.stdout).toMatch(/^blocked +1 ordering key waits behind a failed event: list --blocked$/m);
    expect(doctor.answer['checks']).toContainEqual({
      name: 'no ordering key is blocked',
      result: 'failed',
      found: expect.stringMatching(
        new RegExp(`^1 ordering key waits .*: dish 7 since \\S+Z by ${failed()}, with 2 events behind it$`),
      ),
      remedy: expect.stringContaining('then redrive --event <failed event>; or skip <failed event>'),
    });
  });

  test('list has a filter by ordering key, for events in every status', async () => {
    const { answer } = await json('list', '--ordering-key', 'dish 7');

    expect(answer['events']).toEqual(
      expect.arrayContaining(
        ['PROCESSED', 'FAILED', 'PENDING', 'PENDING'].map((status, index) =>
          expect.objectContaining({ eventId: ids[index], status, orderingKey: 'dish 7' }),
        ),
      ),
    );
    expect(answer['events']).toHaveLength(4);
  });

  test('show says what waits behind an event, what an event waits for, and that it was given back', async () => {
    const next = await json('show', behind());

    expect(next.answer).toMatchObject({ waiting_behind: 1, waits_for: failed() });
    expect((await cli.run(['show', failed(), local])).stdout).toMatch(
      /^order +2 events wait behind this one, until it is redriven or skipped$/m,
    );
    const { stdout } = await cli.run(['show', behind(), local]);
    expect(stdout).toMatch(/^order +given back without an attempt: nothing is wrong with this event$/m);
    expect(stdout).toMatch(
      new RegExp(`^order +waits for event ${failed()}, which has failed: redrive or skip that one$`, 'm'),
    );
  });

  test('a redrive of the failed event lets the key go on in order', async () => {
    expect(await json('redrive', '--event', failed())).toMatchObject({ exitCode: 0 });
    await twin.tick();

    const published = (await twin.busEvents()).map(({ Detail }) => JSON.parse(Detail).eventId as string);
    expect(published.filter((id) => ids.slice(0, 4).includes(id))).toEqual(ids.slice(0, 4));
  });

  test('skip asks, changes nothing as a dry run, and records who did it and why', async () => {
    const nobody = await cli.run(['skip', failed(), local]);
    expect(nobody).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^error a skip changes the order of key dish 7 .* then say --yes\n$/),
    });
    const declined = cli.startInTerminal(['skip', failed(), local]);
    await declined.shows('2 events of key dish 7 would pass it');
    declined.type('n\r');
    expect(await declined.ended).toMatchObject({ exitCode: 1 });
    const dryRun = await json('skip', failed(), '--dry-run');
    expect(dryRun.answer).toEqual({
      dryRun: true,
      eventId: failed(),
      orderingKey: 'dish 7',
      waitingBehind: 2,
    });
    expect((await json('show', failed())).answer).toMatchObject({ skipped_at: null });

    const done = await json('skip', failed(), '--reason', 'the dish is gone', '--yes');
    const again = await json('skip', failed(), '--reason', 'another reason');

    const skipped = {
      eventId: failed(),
      orderingKey: 'dish 7',
      since: expect.stringMatching(/Z$/),
      by: userInfo().username,
      reason: 'the dish is gone',
    };
    expect(done).toMatchObject({ exitCode: 0, answer: { skipped, waitingBehind: 2 } });
    expect(again).toMatchObject({ exitCode: 0, answer: { skipped, already: true } });
    await twin.tick();
    expect((await json('show', behind())).answer).toMatchObject({ status: 'PROCESSED' });
    expect((await json('show', failed())).answer).toMatchObject({
      status: 'FAILED',
      skip_reason: 'the dish is gone',
      waiting_behind: 0,
    });
  });

  test('an event that cannot be skipped is refused with its reason', async () => {
    const unordered = await anId('PROCESSED');
    const refusals: readonly (readonly [string, string])[] = [
      [`${ids[4]}`, `event ${ids[4]} is PROCESSED: only a failed event can be skipped`],
      [unordered, `event ${unordered} has no ordering key`],
      ['00000000-0000-4000-8000-000000000000', 'is not in the outbox'],
    ];
    for (const [id, reason] of refusals) {
      const { exitCode, stderr } = await cli.run(['skip', id, '--yes', local]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(reason) });
      stderrIsOneSentence(stderr);
    }
  });

  test('skip with the secret of a user who may only read says which secret it needs', async () => {
    const secret = ['--secret-arn', `${twin.health.operatorSecretArn}`];
    const { exitCode, stderr } = await cli.run(['skip', failed(), '--yes', ...secret, local]);

    expect(stderr).toContain("this secret's user may only read, so give --secret-arn of the processor");
    stderrIsOneSentence(stderr);
    expect(exitCode).toBe(3);
  });

  test('a redrive says how many events leave the order, and asks also before a single one', async () => {
    await json('skip', failed(), '--yes');
    await twin.tick();

    const all = await json('redrive', '--all', '--dry-run');
    const one = await cli.run(['redrive', '--event', failed(), '--dry-run', local]);
    const nobody = await cli.run(['redrive', '--event', failed(), local]);
    const done = await json('redrive', '--event', failed(), '--yes');

    expect(all.answer).toEqual({ dryRun: true, matching: 3, outOfOrder: 1 });
    expect(one.stdout).toBe(
      '1 event would be redriven; it was skipped and leaves the order: published without a sequence, after younger events of the same key\n',
    );
    expect(nobody).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('it was skipped') });
    expect(done).toMatchObject({ exitCode: 0, answer: { processed: 1, outOfOrder: 1 } });
    const last = (await twin.busEvents()).at(-1);
    expect(JSON.parse(`${last?.Detail}`)).toMatchObject({ eventId: failed(), orderingKey: 'dish 7' });
    expect(JSON.parse(`${last?.Detail}`)).not.toHaveProperty('sequence');
  });
});

test('tail shows new outcomes, and new events on the bus', async () => {
  const tail = cli.start(['tail', '--since', '60', '--json', local]);
  const bus = cli.start(['tail', '--bus', local]);
  await tail.shows('"FAILED"');
  await bus.shows('following the bus');
  await json('enqueue', '--aggregate', '7', '--type', 'dish.tailed', '--payload', '{}');
  await twin.tick();

  await Promise.all([tail.shows('dish.tailed'), bus.shows('dish.tailed')]);

  tail.stop();
  bus.stop();
  const [{ stdout }] = await Promise.all([tail.ended, bus.ended]);
  const outcomes = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { status: string });
  expect(outcomes.filter(({ status }) => status === 'FAILED')).toHaveLength(2);
  expect(outcomes.at(-1)).toMatchObject({ status: 'PROCESSED', eventType: 'dish.tailed' });
});

describe('doctor', () => {
  test('doctor finds no problem on a new twin', async () => {
    await pool.query('delete from outbox_events');

    const { exitCode, answer } = await json('doctor');

    const checks = answer['checks'] as { name: string; result: string }[];
    // The twin has neither schedules, nor keys, nor an account.
    expect(checks.filter(({ result }) => result !== 'ok')).toEqual(
      [
        'the schedules are enabled',
        'the bus keeps what it cannot encrypt',
        'the schedules have no end',
        'Lambda has room for the publishers',
      ].map((name) => expect.objectContaining({ name, result: 'skipped' })),
    );
    expect(exitCode).toBe(0);
  });

  test('doctor reports an unreachable database as one problem, and its remedy creates nothing', async () => {
    await twin.setFaults([{ service: 'rds-data', kind: 'error', code: 'DatabaseUnavailableException' }]);

    const { exitCode, answer } = await json('doctor');

    const checks = answer['checks'] as { name: string; result: string; found: string; remedy?: string }[];
    expect(checks.filter(({ result }) => result === 'failed')).toEqual([
      expect.objectContaining({
        name: 'Data API answers',
        remedy: expect.stringMatching(/^wait a few seconds/),
      }),
    ]);
    expect(checks.find(({ name }) => name === 'no event is late')).toMatchObject({
      result: 'skipped',
      found: 'not checked, for the same reason as "Data API answers"',
    });
    expect(exitCode).toBe(1);
  });

  test('doctor is not content when the operator may not read the database', async () => {
    await twin.setFaults([{ service: 'rds-data', kind: 'error', code: 'AccessDeniedException' }]);

    const { exitCode, stderr, answer } = await json('doctor');

    const checks = answer['checks'] as { name: string; result: string }[];
    expect(checks).toContainEqual(expect.objectContaining({ name: 'the bus exists', result: 'ok' }));
    expect(checks.filter(({ result }) => result === 'failed')).toEqual([]);
    expect(stderr).toMatch(/^error the database could not be checked: no permission: [^\n]+\n$/);
    expect(exitCode).toBe(3);
  });

  test('doctor advises waiting for a bus that answers 500, and creating a bus that is gone', async () => {
    const remedyWhen = async (code: string) => {
      await twin.setFaults([{ service: 'events', operation: 'DescribeEventBus', kind: 'error', code }]);
      const checks = (await json('doctor')).answer['checks'] as { name: string; remedy?: string }[];
      return checks.find(({ name }) => name === 'the bus exists')?.remedy;
    };

    expect(await remedyWhen('InternalException')).toMatch(/^wait and ask again/);
    expect(await remedyWhen('ResourceNotFoundException')).toMatch(/^create it again/);
  });

  test('doctor reports a problem with its remedy', async () => {
    await pool.query(`revoke update on outbox_events from outbox_processor`);
    await pool.query(`update outbox_migrations set checksum = 'x' || checksum where name like '0002%'`);
    try {
      const { exitCode, stdout, stderr } = await cli.run(['doctor', local]);

      expect(stdout).toMatch(/failed +migrations are current +other than here: 0002_claim_outbox_events/);
      expect(stdout).toMatch(/failed +the processor may do what it must +outbox_processor may not update/);
      expect(stdout).toContain(`-> as the owner: select outbox_grant_processor('outbox_processor')`);
      expect(stdout).toMatch(/failed +no event has failed +2 wait for a person/);
      expect(stderr).toMatch(/^error 3 of \d+ checks failed\n$/);
      expect(exitCode).toBe(1);
    } finally {
      await pool.query(`grant update on outbox_events to outbox_processor`);
      await pool.query(`update outbox_migrations set checksum = ltrim(checksum, 'x')`);
    }
  });
});
