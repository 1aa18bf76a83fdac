import { tsImport } from 'tsx/esm/api';

/** Jest calls this before the first test file. */
export default async function startSharedSetup() {
  const { serveShared } = await tsImport('./shared-server.ts', import.meta.url);
  const { url, stop } = await serveShared();
  process.env['TEST_SHARED_URL'] = url;
  globalThis.stopSharedSetup = stop;
}
