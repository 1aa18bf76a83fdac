import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type AcceptedEvent,
  type BusLog,
  openBusLog,
} from '../../../../twin/services/event-bridge/bus-log.ts';
import { createEventBridge } from '../../../../twin/services/event-bridge/event-bridge.ts';
import { clientOptions, startLocalAws } from '../../../support/local-aws.ts';

const busName = 'outbox-bus';
const busArn = `arn:aws:events:us-east-1:000000000000:event-bus/${busName}`;
const received = new Date('2026-03-01T10:00:00.000Z');

let log: BusLog;
let client: EventBridgeClient;
let endpointUrl: string;
let cleanUps: (() => Promise<unknown> | unknown)[];

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'outbox-bus-'));
  log = await openBusLog(join(folder, 'bus.jsonl'), { maxBytes: Number.POSITIVE_INFINITY });
  const eventBridge = createEventBridge({
    buses: new Map([[busName, busArn]]),
    log,
    now: () => received,
    entryError: () => undefined,
  });
  const endpoint = await startLocalAws({ eventBridge });
  endpointUrl = endpoint.url;
  client = new EventBridgeClient(clientOptions(endpoint.url));
  cleanUps = [
    () => client.destroy(),
    endpoint.close,
    () => log.close(),
    () => rm(folder, { recursive: true, force: true }),
  ];
});

afterEach(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

const entry = (changed: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  EventBusName: busName,
  Source: 'shop.outbox',
  DetailType: 'order.placed',
  Detail: '{}',
  ...changed,
});
const put = (...entries: PutEventsRequestEntry[]) => client.send(new PutEventsCommand({ Entries: entries }));

async function onTheBus(): Promise<AcceptedEvent[]> {
  const events: AcceptedEvent[] = [];
  for await (const event of log.read(0)) events.push(event);
  return events;
}

describe('accepted event', () => {
  test('an accepted event is on the bus as it was sent, with the id from the answer', async () => {
    const Time = new Date('2026-02-03T04:05:06.789Z');

    const answer = await put(entry({ Time, Resources: ['arn:aws:s3:::a', 'arn:aws:s3:::b'] }));

    expect(answer).toMatchObject({ FailedEntryCount: 0, Entries: [{ EventId: expect.any(String) }] });
    expect(await onTheBus()).toEqual([
      {
        EventId: answer.Entries?.[0]?.EventId,
        Time: '2026-02-03T04:05:06.789Z',
        Source: 'shop.outbox',
        DetailType: 'order.placed',
        Detail: '{}',
        Resources: ['arn:aws:s3:::a', 'arn:aws:s3:::b'],
        EventBusName: busName,
      },
    ]);
  });

  test('an event without a time gets the time of its arrival', async () => {
    await put(entry());

    expect(await onTheBus()).toMatchObject([{ Time: received.toISOString() }]);
  });

  test.each([
    ['numbers that no double holds', '{"a": 9007199254740993, "b": 1.10, "c": 12345678901234567890.5}'],
    ['spaces and the order of its keys', '{ "b":1,\t"a" : [ ] }'],
    ['line separators and line ends', '{"a": "x\u2028y\u2029z\u0085",\r\n"b": "\\r\\n"}'],
    ['astral Unicode and escapes', '{"a": "😀\\ud83d\\ude00\\u0001 \\\\ \\""}'],
    ['keys that JavaScript treats in a special way', '{"__proto__": {"x": 1}, "a": 1, "a": 2}'],
  ])('the detail of an event is kept byte for byte: %s', async (_, Detail) => {
    await put(entry({ Detail }));

    expect(await onTheBus()).toMatchObject([{ Detail }]);
  });

  test('an entry may name its bus by the ARN', async () => {
    await put(entry({ EventBusName: busArn }));

    expect(await onTheBus()).toMatchObject([{ EventBusName: busArn }]);
  });
});

describe('refused entry', () => {
  test.each([
    ['not JSON', '{"a": '],
    ['an array', '[1]'],
    ['a text', '"text"'],
    ['null', 'null'],
    ['an object in 1,001 levels', `${'{"a":'.repeat(1001)}1${'}'.repeat(1001)}`],
    ['an object with 1,000 nested arrays', `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`],
    ['an object with an integer above int64', '{"a": [9223372036854775808]}'],
    ['an object with an integer below int64', '{"a": -9223372036854775809}'],
  ])('only the entry whose detail is %s is refused', async (_, Detail) => {
    const answer = await put(entry(), entry({ Detail }), entry());

    expect(answer.FailedEntryCount).toBe(1);
    expect(answer.Entries).toMatchObject([
      { EventId: expect.any(String) },
      { ErrorCode: 'MalformedDetail', ErrorMessage: expect.any(String) },
      { EventId: expect.any(String) },
    ]);
    expect(answer.Entries?.[1]).not.toHaveProperty('EventId');
    expect(await onTheBus()).toHaveLength(2);
  });

  test.each(['Source', 'DetailType', 'Detail'] as const)(
    'only the entries that have no %s are refused',
    async (field) => {
      const answer = await put(entry({ [field]: undefined }), entry({ [field]: '' }), entry());

      expect(answer.FailedEntryCount).toBe(2);
      expect(answer.Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
        'InvalidArgument',
        'InvalidArgument',
        undefined,
      ]);
      expect(await onTheBus()).toHaveLength(1);
    },
  );
});

describe('accepted detail', () => {
  test.each([
    ['1,000 levels', `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`],
    ['the largest and the smallest int64', '{"a": [9223372036854775807,-9223372036854775808]}'],
    ['large decimals and doubles', '{"a": [602214076000000000000000.0, 6.02214076e23, 1E400, -1.5]}'],
    [
      'digits and brackets in texts and keys',
      `{"99999999999999999999\\"": "${'[{'.repeat(1001)} 9223372036854775808"}`,
    ],
  ])('an entry is accepted with %s in its detail', async (_, Detail) => {
    expect((await put(entry({ Detail }))).FailedEntryCount).toBe(0);
  });
});

test('a source that begins with "aws." is refused', async () => {
  const answer = await put(entry({ Source: 'aws.orders' }), entry({ Source: 'awsome.orders' }));

  expect(answer).toMatchObject({
    FailedEntryCount: 1,
    Entries: [
      { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' },
      { EventId: expect.any(String) },
    ],
  });
});

describe('EventBridge returns an id for an event that is not on the bus', () => {
  test.each([
    ['a bus that does not exist', { EventBusName: 'nowhere' }],
    ['the default bus, when there is none', { EventBusName: undefined }],
    ['a detail type of 129 characters', { DetailType: 'x'.repeat(129) }],
  ])('an entry gets an id but is not on the bus: %s', async (_, changed) => {
    const answer = await put(entry(changed), entry());

    expect(answer.FailedEntryCount).toBe(0);
    expect(answer.Entries?.map(({ EventId }) => typeof EventId)).toEqual(['string', 'string']);
    expect(await onTheBus()).toHaveLength(1);
  });

  test('an entry with a detail type of 128 characters outside the basic plane is on the bus', async () => {
    await put(entry({ DetailType: '😀'.repeat(128) }));

    expect(await onTheBus()).toHaveLength(1);
  });
});

describe('refused request', () => {
  const failed = (value: string, path: string, constraint: string) =>
    `Value '${value}' at '${path}' failed to satisfy constraint: Member must ${constraint}`;

  test.each<[string, PutEventsRequestEntry[], string]>([
    ['no entries', [], failed('[]', 'entries', 'have length greater than or equal to 1')],
    [
      '11 entries',
      Array.from({ length: 11 }, () => entry()),
      `' at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10`,
    ],
    [
      'an empty trace header',
      [entry(), entry({ TraceHeader: '' })],
      failed('', 'entries.2.member.traceHeader', 'have length greater than or equal to 1'),
    ],
    [
      'a trace header of 501 characters',
      [entry({ TraceHeader: 'x'.repeat(501) })],
      failed('x'.repeat(501), 'entries.1.member.traceHeader', 'have length less than or equal to 500'),
    ],
    [
      'a bus whose name has a space',
      [entry({ EventBusName: 'my bus' })],
      failed(
        'my bus',
        'entries.1.member.eventBusName',
        String.raw`satisfy regular expression pattern: (arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[\.\-_A-Za-z0-9]+`,
      ),
    ],
    [
      'a resource of 2,049 characters',
      [entry({ Resources: ['arn:a', 'x'.repeat(2049)] })],
      failed(
        'x'.repeat(2049),
        'entries.1.member.resources.2.member',
        'have length less than or equal to 2048',
      ),
    ],
  ])('a request is refused as a whole with %s', async (_, entries, violation) => {
    await expect(put(...entries)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/^1 validation error detected: Value /),
    });
    await expect(put(...entries)).rejects.toThrow(violation);
    expect(await onTheBus()).toEqual([]);
  });

  test('all violations of a request are reported in one sentence', async () => {
    const refused = put(entry({ EventBusName: '' }), entry({ TraceHeader: '' }));

    await expect(refused).rejects.toThrow(
      /^3 validation errors detected: Value '' at 'entries\.1\.member\.eventBusName' .* pattern: .*; Value '' at 'entries\.1\.member\.eventBusName' .* to 1; Value '' at 'entries\.2\.member\.traceHeader' .* to 1$/,
    );
  });

  test.each([
    [
      'no list of entries',
      {},
      'ValidationException',
      "1 validation error detected: Value null at 'entries' failed",
    ],
    ['entries that are no list', { Entries: 'x' }, 'SerializationException', 'Expected list or null'],
    ['an entry that is null', { Entries: [null] }, 'ValidationException', "Value null at 'entries.1.member'"],
    [
      'an entry that is a number',
      { Entries: [1] },
      'SerializationException',
      'NUMBER_VALUE can not be converted to',
    ],
    [
      'a source that is a number',
      { Entries: [{ Source: 5 }] },
      'SerializationException',
      'NUMBER_VALUE can not be converted to a String',
    ],
    [
      'a detail that is an object',
      { Entries: [{ Detail: {} }] },
      'SerializationException',
      'Start of structure or map found where not expected.',
    ],
    ['a time that is a text', { Entries: [{ Time: 'today' }] }, 'SerializationException', 'STRING_VALUE'],
    ['a time beyond all times', { Entries: [{ Time: 1e20 }] }, 'SerializationException', 'NUMBER_VALUE'],
    [
      'a malformed endpoint',
      { Entries: [{}], EndpointId: 'x' },
      'ValidationException',
      "at 'endpointId' failed",
    ],
  ])('a request that cannot be decoded is refused as a whole with %s', async (_, body, __type, message) => {
    const response = await fetch(endpointUrl, {
      method: 'POST',
      headers: { 'X-Amz-Target': 'AWSEvents.PutEvents', 'Content-Type': 'application/x-amz-json-1.1' },
      body: JSON.stringify(body),
    });

    expect([response.status, await response.json()]).toEqual([
      400,
      { __type, message: expect.stringContaining(message) },
    ]);
    expect(await onTheBus()).toEqual([]);
  });

  test('a request of more than 1 MB is refused; AWS counts time, source, type, detail and resources', async () => {
    const Time = new Date();
    const Resources = ['arn:é'];
    const empty = entry({ Time, Resources, Detail: '{"a":""}' });
    const others = 14 + 'shop.outbox'.length + 'order.placed'.length + Buffer.byteLength('arn:é');
    const room = 1_048_576 - others - '{"a":""}'.length;
    const sized = (bytes: number) => ({ ...empty, Detail: `{"a":"${'x'.repeat(bytes)}"}` });

    expect((await put(sized(room))).FailedEntryCount).toBe(0);
    await expect(put(sized(room + 1))).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(put(sized(600_000), sized(600_000))).rejects.toMatchObject({ name: 'ValidationException' });
    expect(await onTheBus()).toHaveLength(1);
  });
});

test('ten entries are accepted in their order', async () => {
  const types = Array.from({ length: 10 }, (_, index) => `type-${index}`);

  await put(...types.map((DetailType) => entry({ DetailType })));

  expect((await onTheBus()).map(({ DetailType }) => DetailType)).toEqual(types);
});

test.each([busName, busArn])('a bus is described by %s', async (Name) => {
  expect(await client.send(new DescribeEventBusCommand({ Name }))).toMatchObject({
    Name: busName,
    Arn: busArn,
  });
});

test('a bus that does not exist is not found', async () => {
  await expect(client.send(new DescribeEventBusCommand({ Name: 'nowhere' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
});
