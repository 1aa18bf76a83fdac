import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';

const contentTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  woff2: 'font/woff2',
  json: 'application/json',
};

/** For every answer. Without frame-ancestors another page could frame this one and steal clicks. */
export const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Serves the built page from its folder. False when it has no such file. */
export async function serveFile(
  request: IncomingMessage,
  response: ServerResponse,
  folder: string,
): Promise<boolean> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  // Plain names in at most two folders, so that no path can leave this one.
  const name = path === '/' ? 'index.html' : /^\/((?:[\w-]+\/){0,2}[\w-][\w.-]*\.\w+)$/.exec(path)?.[1];
  const content = name === undefined ? undefined : await readFile(join(folder, name)).catch(ignoreMissing);
  if (name === undefined || content === undefined) return false;
  response.writeHead(200, {
    ...securityHeaders,
    // The names of all others change with their content.
    'Cache-Control': name === 'index.html' ? 'no-cache' : 'public, max-age=31536000, immutable',
    'Content-Type': contentTypes[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
    'Content-Length': content.length,
  });
  response.end(request.method === 'HEAD' ? undefined : content);
  return true;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR' && error.code !== 'EISDIR') throw error;
}
