import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const CHUNK_CHARACTERS = 64 * 1024;

/**
 * Sends a JSON text that ends with a list, item by item and no faster than it is read: the whole may be far larger
 * than the memory there is.
 */
export async function sendJsonList(
  response: ServerResponse,
  items: Iterable<string> | AsyncIterable<string>,
  { before = '', after = '' } = {},
): Promise<void> {
  response.setHeader('Content-Type', 'application/json');
  try {
    await pipeline(Readable.from(chunks(items, `${before}[`, `]${after}`)), response);
  } catch (error) {
    // A reader may leave before the end. After any other error the answer is cut off, so that it cannot be parsed.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

async function* chunks(items: Iterable<string> | AsyncIterable<string>, before: string, after: string) {
  let chunk = before;
  let separator = '';
  for await (const item of items) {
    chunk += separator + item;
    separator = ',';
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk + after;
}
