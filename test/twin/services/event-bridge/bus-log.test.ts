import { appendFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type AcceptedEvent,
  type BusLog,
  type BusLogBounds,
  openBusLog,
} from '../../../../twin/services/event-bridge/bus-log.ts';

let folder: string;
let file: string;
let opened: BusLog[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-bus-'));
  file = join(folder, 'made on demand', 'bus.jsonl');
  opened = [];
});

afterEach(async () => {
  for (const log of opened) await log.close();
  await rm(folder, { recursive: true, force: true });
});

async function openLog(bounds: BusLogBounds = { maxBytes: Number.POSITIVE_INFINITY }): Promise<BusLog> {
  const log = await openBusLog(file, bounds);
  opened.push(log);
  return log;
}

const event = (DetailType: string, Detail = '{}'): AcceptedEvent => ({
  EventId: DetailType,
  Time: '2026-03-01T10:00:00.000Z',
  Source: 'shop.outbox',
  DetailType,
  Detail,
  Resources: [],
  EventBusName: 'outbox-bus',
});

async function typesOf(log: BusLog, skip = 0): Promise<string[]> {
  const types: string[] = [];
  for await (const { DetailType } of log.read(skip)) types.push(DetailType);
  return types;
}

test('events are read in their order, starting after the given number of events', async () => {
  const log = await openLog();
  log.append([event('a'), event('b')]);
  log.append([]);
  log.append([event('c')]);

  expect(log).toHaveLength(3);
  expect(await typesOf(log)).toEqual(['a', 'b', 'c']);
  expect(await typesOf(log, 2)).toEqual(['c']);
  expect(await typesOf(log, 9)).toEqual([]);
});

describe('reopened bus log', () => {
  test('a reopened log contains its earlier events and accepts new ones', async () => {
    const before = await openLog();
    before.append([event('a', '{"text": "x\u2028y\u2029😀"}'), event('b')]);

    const after = await openLog();
    after.append([event('c')]);

    expect(after).toHaveLength(3);
    expect(await typesOf(after)).toEqual(['a', 'b', 'c']);
  });

  test.each([
    ['half an event', '{"EventId": "torn'],
    ['an event without its line end', JSON.stringify(event('torn'))],
    ['half a character', Buffer.from('{"EventId": "😀').subarray(0, -2)],
  ])('a reopened log drops a torn last line: %s', async (_, torn) => {
    (await openLog()).append([event('a')]);
    const whole = await readFile(file);
    await appendFile(file, torn);

    const log = await openLog();

    expect(log).toHaveLength(1);
    expect(await readFile(file)).toEqual(whole);
    log.append([event('b')]);
    expect(await typesOf(log)).toEqual(['a', 'b']);
  });

  test('a reopened log drops a torn line that is its only line', async () => {
    await openLog();
    await appendFile(file, '{"EventId');

    const log = await openLog();

    expect(log).toHaveLength(0);
    expect(await typesOf(log)).toEqual([]);
  });
});

test('the files stay within their bound, also after a session that kept everything', async () => {
  const maxBytes = 10_000;
  const append = (log: BusLog) => {
    for (let n = 0; n < 200; n += 1) log.append([event(`type-${n}`)]);
  };
  const bytes = async () => {
    const folder = dirname(file);
    const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  };

  const keeping = await openLog({ maxBytes, keepNew: true });
  append(keeping);
  expect(await typesOf(keeping)).toHaveLength(200);
  expect(await bytes()).toBeGreaterThan(maxBytes);

  const keepingAgain = await openLog({ maxBytes, keepNew: true });
  append(keepingAgain);
  expect(keepingAgain).toHaveLength(400);
  expect(await typesOf(keepingAgain, 200)).toHaveLength(200);

  const bounded = await openLog({ maxBytes });
  append(bounded);
  expect(bounded).toHaveLength(600);
  expect(bounded.dropped).toBeGreaterThan(400);
  expect(await bytes()).toBeLessThanOrEqual(maxBytes);
});

test('events of a megabyte are read completely by readers that start before and after them', async () => {
  const log = await openLog();
  const details = Array.from('abcdefgh', (sign) => `{"text": "${sign.repeat(1_000_000)}"}`);
  const read = async () => {
    const seen: string[] = [];
    for await (const { Detail } of log.read(0)) seen.push(Detail);
    return seen;
  };

  const readers = details.map((detail, index) => {
    log.append([event(`type-${index}`, detail)]);
    return read();
  });

  for (const seen of [...(await Promise.all(readers)), await read()]) {
    expect(seen.every((detail, index) => detail === details[index])).toBe(true);
  }
  expect(await typesOf(log)).toHaveLength(details.length);
});
