import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AwsError } from '../twin/http/aws-error.ts';

const folder = fileURLToPath(new URL('./console/', import.meta.url));
// Not the main entry, which is the bundle for Node.
const dagre = join(
  dirname(createRequire(import.meta.url).resolve('@dagrejs/dagre/package.json')),
  'dist/dagre.esm.js',
);

const contentTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

const headers = {
  'Cache-Control': 'no-cache',
  // These are not covered by default-src. Without frame-ancestors another page could frame ours and steal clicks.
  'Content-Security-Policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** Serves the console page at `/` and its parts under `/console/`. Returns false for any other path. */
export async function serveConsoleFile(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (!reads || (path !== '/' && !path.startsWith('/console/'))) return false;
  const file = fileOf(path);
  const content = file === undefined ? undefined : await readFile(file).catch(ignoreMissing);
  if (file === undefined || content === undefined)
    throw new AwsError('NotFound', `the console has no ${path}`, 404);
  const contentType = contentTypes[file.slice(file.lastIndexOf('.') + 1)];
  response.writeHead(200, { ...headers, 'Content-Type': contentType, 'Content-Length': content.length });
  response.end(request.method === 'HEAD' ? undefined : content);
  return true;
}

/** Only plain file names in one folder, so that no path can leave it. */
function fileOf(path: string): string | undefined {
  if (path === '/') return join(folder, 'index.html');
  if (path === '/console/dagre.js') return dagre;
  const [, name] = /^\/console\/([a-z][a-z-]*\.(?:js|css|svg))$/.exec(path) ?? [];
  return name && join(folder, name);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
