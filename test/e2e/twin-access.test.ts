import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import type { Execution, TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

let twin: TwinProcess;

useTwin((underTest) => {
  ({ twin } = underTest);
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
  test('the page and its parts allow no content from elsewhere, no inline script and no inline style', async () => {
    const index = await call('GET', '/', {});
    const parts = [...index.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => `/${part}`);

    expect(parts).toEqual([
      expect.stringMatching(/^\/icon-.+\.svg$/),
      expect.stringMatching(/^\/console-.+\.css$/),
      expect.stringMatching(/^\/console-.+\.js$/),
    ]);
    expect(index.headers['cache-control']).toBe('no-cache');
    for (const path of ['/', ...parts]) {
      const { status, headers } = await call('GET', path, {});
      expect(status).toBe(200);
      expect(headers['content-security-policy']).toMatch(/^default-src 'self';.*frame-ancestors 'none'/);
      expect(headers['content-security-policy']).not.toContain('unsafe');
    }
  }, 60_000);

  test.each(['/none.js', '/../main.ts', '/%2e%2e/main.ts', '/..%2fmain.ts'])(
    'there is no file at %s',
    async (path) => {
      expect((await call('GET', path, {})).status).toBe(404);
    },
  );
});
