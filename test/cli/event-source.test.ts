import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type EventSource, openFile, openStream } from '../../cli/event-source.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-source-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const line = (text: string) => `{"aggregateId":"7","eventType":"a","payload":{"t":"${text}"}}`;

/** The JSON of each event, read from a file and from a pipe. */
async function bothWays(bytes: Uint8Array, chunkBytes = bytes.length): Promise<string[][]> {
  const file = join(folder, 'events.jsonl');
  await writeFile(file, bytes);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
    bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  );
  return Promise.all([openFile(file), openStream(Readable.from(chunks))].map(async (s) => jsonOf(await s)));
}

async function jsonOf(source: EventSource): Promise<string[]> {
  const found: string[] = [];
  for await (const { json } of source.read()) found.push(json);
  return found;
}

describe('a line of JSON', () => {
  test.each([
    ['U+2028', '\u2028'],
    ['U+2029', '\u2029'],
    ['U+0085', '\u0085'],
    ['no character of ASCII', '注文😀é'],
  ])('a line of JSON may contain %s', async (_, text) => {
    const written = [line(`x${text}y`), line('z')];

    for (const read of await bothWays(Buffer.from(`${written.join('\n')}\n`))) expect(read).toEqual(written);
  });

  test.each([
    ['\\n', '\n'],
    ['\\r\\n', '\r\n'],
  ])('a line of JSON ends with %s, and empty lines are ignored', async (_, end) => {
    const bytes = Buffer.from(['', line('a'), '  ', line('b')].join(end));

    for (const read of await bothWays(bytes))
      expect(read.map((json) => json.trim())).toEqual([line('a'), line('b')]);
  });

  test('a line of JSON may arrive in chunks of any size', async () => {
    const written = [line('注文😀'), line('é')];
    const [, read] = await bothWays(Buffer.from(written.join('\n')), 1);

    expect(read).toEqual(written);
  });
});

describe('a byte order mark', () => {
  const mark = '\ufeff';

  test('a byte order mark at the beginning of a line is ignored, also where files were joined', async () => {
    const bytes = Buffer.from(`${mark}${line('a')}\n${mark}${line('b')}\n`);

    for (const read of await bothWays(bytes)) expect(read).toEqual([line('a'), line('b')]);
  });

  test('a byte order mark at the beginning of a JSON file is ignored', async () => {
    const file = join(folder, 'one.json');
    await writeFile(file, mark + line('a'));

    expect(await jsonOf(await openFile(file))).toEqual([line('a')]);
  });

  test.each([
    ['little', Buffer.from(mark + line('a'), 'utf16le')],
    ['big', Buffer.from(mark + line('a'), 'utf16le').swap16()],
  ])('UTF-16 with the %s end first is refused, and the error says so', async (_, bytes) => {
    const refusal =
      'line 1: it begins with the byte order mark of UTF-16: save it as UTF-8; nothing was enqueued';

    await expect(openStream(Readable.from([bytes]))).rejects.toThrow(refusal);
  });
});

test.each([
  [
    'UTF-16 without a mark',
    Buffer.from(line('a'), 'utf16le'),
    'line 1: it contains the byte 0, as UTF-16 does and JSON does not',
  ],
  [
    'Latin-1',
    Buffer.concat([Buffer.from(`${line('a')}\n`), Buffer.from(line('é'), 'latin1')]),
    'line 2: it is not UTF-8',
  ],
])('%s is refused, because its characters would change', async (_, bytes, reason) => {
  await expect(openStream(Readable.from([bytes]))).rejects.toThrow(
    `${reason}: save it as UTF-8; nothing was enqueued`,
  );
});
