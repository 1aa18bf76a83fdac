import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

/** The path of Chromium on Debian; CHROMIUM gives another one. */
export const chromiumPath = [process.env['CHROMIUM'], '/usr/bin/chromium'].find(
  (path) => path !== undefined && existsSync(path),
);

export interface Browser {
  readonly context: BrowserContext;
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

/** A browser with its own profile that connects only to the pages it is given. */
export async function startBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('no chromium: apt-get install chromium, or set CHROMIUM');
  const profile = await mkdtemp(join(tmpdir(), 'outbox-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  context.setDefaultTimeout(15_000);
  return {
    context,
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
