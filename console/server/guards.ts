import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Refusal } from './problem.ts';

/**
 * Any web page can make its visitor's browser call 127.0.0.1, also under a name of its own that resolves to it.
 * @throws Refusal of another site's request
 */
export function refuseOtherSites({ headers, socket }: IncomingMessage): void {
  const own = ['127.0.0.1', 'localhost'].map((name) => `${name}:${socket.localPort}`);
  if (!own.includes(headers.host ?? ''))
    throw new Refusal(
      421,
      'MisdirectedRequest',
      `the console serves ${own.join(' and ')} only, received the Host header ${headers.host ?? '(none)'}`,
    );
  if (headers.origin !== undefined && !own.some((host) => headers.origin === `http://${host}`))
    throw new Refusal(
      403,
      'ForeignOrigin',
      `the console answers no other web page, received the Origin header ${headers.origin}`,
    );
}

/** Another user of this machine can connect too, and does not know the token. @throws Refusal */
export function requireToken({ headers }: IncomingMessage, token: string): void {
  const given = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
  if (timingSafeEqual(digest(given), digest(token))) return;
  throw new Refusal(
    401,
    'WrongToken',
    'this page has no valid token',
    'open the address that outbox console prints: its token changes with every start',
  );
}

// Of one length, whatever is given.
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** A form of another site cannot send JSON without asking first. @throws Refusal */
export function requireJson({ headers }: IncomingMessage): void {
  if (/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) return;
  throw new Refusal(
    415,
    'UnsupportedMediaType',
    `a body must be application/json, received ${headers['content-type'] ?? 'no content type'}`,
  );
}
