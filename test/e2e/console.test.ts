import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { Page } from 'playwright-core';
import { bundleConsoleIfStale } from '../../build/bundle-console.ts';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import { beginScenario } from '../support/outbox-scenario.ts';
import { type TwinProcess, temporaryDataDir } from '../support/twin-process.ts';
import { startIdleTwin } from '../support/use-twin.ts';

const inBrowser = chromiumPath === undefined ? describe.skip : describe;
const reason = chromiumPath === undefined ? ' (skipped: no chromium, apt-get install chromium)' : '';
const project = fileURLToPath(new URL('../..', import.meta.url));

const rejectRemovals = {
  service: 'events',
  kind: 'entry-error',
  code: 'MalformedDetail',
  match: { detailType: 'dish.removed' },
} as const;

inBrowser(`the console page${reason}`, () => {
  let twin: TwinProcess;
  let pool: pg.Pool;
  let browser: Browser;
  let dataDir: string;
  let removeData: () => Promise<void>;
  let account: Awaited<ReturnType<typeof startConsole>>;
  let page: Page;
  let defects: string[];

  beforeAll(async () => {
    ({ dataDir, remove: removeData } = await temporaryDataDir());
    [twin, browser] = await Promise.all([
      startIdleTwin('--data-dir', dataDir),
      startBrowser(),
      bundleConsoleIfStale(),
    ]);
    pool = new pg.Pool({ connectionString: twin.health.postgresUrl });
    pool.on('error', () => undefined);
    account = await startConsole(twin.url);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    account?.stop();
    await pool?.end();
    await twin?.stop();
    await removeData?.();
  });

  beforeEach(async () => {
    defects = [];
    page = await browser.open('about:blank');
    page.on('pageerror', (error) => defects.push(error.message));
    page.on('console', (message) => {
      if (/Content.Security.Policy|React|Warning:/i.test(message.text())) defects.push(message.text());
    });
  });

  afterEach(async () => {
    await page.close();
    expect(defects).toEqual([]);
  });

  const named = (role: 'button' | 'link' | 'heading' | 'dialog', name: string | RegExp) =>
    page.getByRole(role, { name });

  /** 20 events, of which 2 failed for good in a run. */
  async function failTwo(): Promise<string> {
    await beginScenario(twin, pool, 20);
    await twin.setFaults([rejectRemovals]);
    const { executionArn } = await twin.tick();
    await twin.setFaults([]);
    return executionArn;
  }

  describe.each(['npm start', 'outbox console'] as const)('of %s', (served) => {
    const visit = async (hash: string) => {
      if (served === 'npm start') return page.goto(`${twin.url}/${hash}`);
      await page.goto(account.url);
      await page.goto(`${new URL(account.url).origin}/${hash}`);
    };

    test('an empty outbox is shown, and a run is followed live', async () => {
      await beginScenario(twin, pool, 0);
      await visit('#/events');
      await named('heading', 'No events yet').waitFor();

      await beginScenario(twin, pool, 20);
      await twin.setFaults([
        { service: 'lambda', kind: 'latency', ms: 1_500, match: { function: 'publish-event' } },
      ]);
      await visit('#/');
      await named('button', 'Run now').click();
      await page.getByText('20 events are due').waitFor();
      await named('button', 'Start a run').click();

      await named('button', 'Publish event: 20 running').waitFor();
      await named('button', 'Publish event: 20 ok').waitFor();
      await named('button', 'Publish events: 20 of 20 done').waitFor();
      await named('button', 'Release batch: not reached').waitFor();
      await page.getByText('published 20 of 20', { exact: true }).waitFor();
    }, 60_000);

    test('the page leads from a failed event to its run and its error, and redrives it', async () => {
      await failTwo();
      await visit('#/');
      await named('link', '2 failed: MalformedDetail, dish.removed').click();
      await named('link', 'dish.removed').first().click();
      await page.getByText('It waits for a person').waitFor();
      await page.getByText('Hidden until somebody asks for it').waitFor();
      await named('link', 'Show the run').click();
      await named('button', /^Publish event: .*2 caught/).click();
      await page.getByText('MalformedDetail: injected by a fault rule').first().waitFor();
      await page.getByRole('tab', { name: 'Input' }).click();
      await page.getByRole('region', { name: 'Input' }).getByText('dish.removed').first().waitFor();

      await named('button', 'Redrive what failed in it…').click();
      await page.getByText('2 events would be published again').waitFor();
      const failures = await pool.query(`select from outbox_events where status = 'FAILED'`);
      expect(failures.rowCount).toBe(2);
      await named('button', 'Redrive 2 events').click();
      await page.getByText('Done: 2 events processed.').waitFor({ timeout: 30_000 });
    }, 60_000);
  });

  test('an outage is not shown as a success', async () => {
    await beginScenario(twin, pool, 3);
    await twin.setFaults([
      { service: 'events', operation: 'PutEvents', kind: 'error', code: 'InternalException' },
    ]);
    await twin.tick();
    await page.goto(`${twin.url}/#/`);
    await page.getByText(/^The bus has not (answered|accepted)/).waitFor();
    await page.goto(`${twin.url}/#/runs`);
    await page
      .getByRole('row', { name: /Met an outage .*published 0 of 3, 3 failed/ })
      .first()
      .waitFor();
    await twin.setFaults([]);
  }, 60_000);

  test('a redrive can be started with only the keyboard', async () => {
    await failTwo();
    await page.goto(`${twin.url}/#/events?status=failed`);
    await named('link', 'dish.removed').first().waitFor();
    await tabTo(/^Select dish.removed/);
    await page.keyboard.press('Space');
    await tabTo(/^Redrive 1 selected event/, 'Shift+Tab');
    await page.keyboard.press('Enter');
    await named('button', 'Redrive 1 event').waitFor();
    await tabTo(/^Redrive 1 event$/);
    await page.keyboard.press('Enter');
    await page.getByText('Done: 1 event processed.').waitFor({ timeout: 30_000 });
    await page.keyboard.press('Escape');
    await named('heading', 'Events (1)').waitFor();
  }, 60_000);

  test('the page leads from a blocked key to the event that blocks it, and skips that', async () => {
    await beginScenario(twin, pool, 0);
    await pool.query(
      `insert into outbox_events (aggregate_id, event_type, payload, ordering_key)
       select '7', type, '{}', 'dish 7' from unnest(array['dish.removed', 'dish.rated', 'dish.rated']) with ordinality as t(type, n) order by n`,
    );
    await twin.setFaults([rejectRemovals]);
    await twin.tick();
    await twin.setFaults([]);
    await page.goto(`${twin.url}/#/`);
    await named('link', '1 waits behind a failed event').click();
    await named('link', 'dish.removed').click();
    await page.getByText('2 events wait behind it').waitFor();
    await named('button', 'Skip…').click();
    await page.getByText('2 events wait behind it, with the ordering key dish 7').waitFor();
    await page.getByLabel('Reason').fill('the dish is gone');
    await named('button', 'Skip for good').click();
    await page.getByText(/^Skipped at .* by /).waitFor();
    await page.getByText('“the dish is gone”').waitFor();
    await named('button', 'Skip…').waitFor({ state: 'hidden' });

    await named('button', 'Redrive…').click();
    await page.getByText(/It was skipped: published without a sequence/).waitFor();
    await named('button', 'Cancel').click();
    const { rows } = await pool.query<{ id: string }>(
      `select id from outbox_events where status = 'PENDING' order by sequence desc limit 1`,
    );
    await page.goto(`${twin.url}/#/events/${rows[0]?.id}`);
    await page.getByText('Claimed and given back without an attempt').waitFor();
    await page.getByText('Waits for an earlier event of its key').waitFor();
  }, 60_000);

  test('processed events are replayed after a dry run, and their story tells why', async () => {
    await beginScenario(twin, pool, 20);
    await twin.tick();
    await page.goto(`${twin.url}/#/events?eventType=dish.removed`);
    await named('button', 'Replay matching…').click();
    await page.getByText('2 events would be published again under the same ids').waitFor();
    await page.getByText('older ones were purged and cannot be replayed').waitFor();
    const rate = page.getByRole('spinbutton', { name: 'Events a second, at most' });
    await rate.fill('0');
    await page.getByText('A whole number from 1 to 200.').waitFor();
    expect(await named('button', 'Replay 2 events').isDisabled()).toBe(true);
    await rate.fill('50');
    await page.getByRole('textbox', { name: 'Reason' }).fill('search was down');
    await named('button', 'Replay 2 events').click();
    await page.getByText('Done: 2 events replayed.').waitFor({ timeout: 30_000 });
    await named('button', 'Close').last().click();
    await named('link', 'dish.removed').first().click();
    await page.getByText(/^Replayed at /).waitFor();
    await page.getByText('search was down').first().waitFor();
    await named('button', 'Replay…').click();
    await page.getByText('1 event would be published again under the same ids').waitFor();
  }, 60_000);

  test('a payload is shown as text when somebody asks for it, whatever it contains', async () => {
    await beginScenario(twin, pool, 0);
    const attack = '<img src=x onerror="document.title=1">';
    await pool.query(
      `insert into outbox_events (aggregate_id, event_type, payload)
       values ($1, $1, jsonb_build_object('note', $1::text, 'big', 9007199254740993))`,
      [attack],
    );
    await page.goto(`${twin.url}/#/events`);
    await named('link', attack).click();
    await named('button', 'Show payload').click();
    const payload = page.getByRole('region', { name: 'Payload' }).last();
    await payload.getByText('9007199254740993').waitFor();
    expect(await payload.textContent()).toContain('<img src=x onerror=\\"document.title=1\\">');
    expect(await page.locator('main img').count()).toBe(0);
  });

  test.each([
    ['light', 1360],
    ['dark', 390],
  ] as const)(
    'axe finds nothing in %s mode at a width of %i, and nothing is wider',
    async (colorScheme, width) => {
      const run = encodeURIComponent(await failTwo());
      const { rows } = await pool.query<{ id: string }>(
        `select id from outbox_events where status = 'FAILED'`,
      );
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
      for (const [hash, ready] of [
        ['#/', 'injected by a fault rule'],
        ['#/runs', 'published 18 of 20, 2 failed, 2 for good'],
        ['#/events?status=failed', 'MalformedDetail: injected by a fault rule'],
        [`#/runs/${run}?state=Publish%20event`, 'Which one'],
        [`#/events/${rows[0]?.id}`, 'All columns'],
      ] as const) {
        await page.goto(`${twin.url}/${hash}`);
        await page.getByText(ready).first().waitFor();
        await page.evaluate(axe);
        // Cloudscape gives the bar of a narrow page an attribute that its role does not have.
        const violations =
          await page.evaluate(`axe.run({ exclude: 'nav[aria-orientation]' }).then(({ violations }) => violations
        .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).slice(0, 3).join(' ')))`);
        const wider = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect({ hash, violations, wider }).toEqual({ hash, violations: [], wider: 0 });
      }
    },
    60_000,
  );

  test('the page says that an execution does not exist', async () => {
    await page.goto(`${twin.url}/#/runs/arn%3Aaws%3Astates%3Aus-east-1%3A0%3Aexpress%3Anone`);
    await page.getByText(/arn:aws.* is no run of this outbox/).waitFor();
    await named('link', 'Runs').first().click();
    await named('heading', /^Runs/).waitFor();
  });

  test('the page says that its server has stopped, keeps what it showed, and goes on by itself', async () => {
    await failTwo();
    await page.goto(`${twin.url}/#/`);
    await named('link', /^2 failed/).waitFor();
    await twin.kill();
    const problem = page.getByText('The console does not answer.', { exact: true });
    await problem.waitFor();
    await named('link', /^2 failed/).waitFor();

    const { port } = new URL(twin.url);
    twin = await startIdleTwin('--data-dir', dataDir, '--port', port);

    await problem.waitFor({ state: 'hidden', timeout: 30_000 });
  }, 60_000);

  async function tabTo(label: RegExp, key = 'Tab'): Promise<void> {
    for (let presses = 0; presses < 80; presses += 1) {
      const focused = await page.evaluate(`(() => {
        const { activeElement: it } = document;
        const by = it.getAttribute('aria-labelledby');
        return it.getAttribute('aria-label') ?? (by && document.getElementById(by.split(' ').at(-1))?.textContent) ?? it.textContent;
      })()`);
      if (label.test(String(focused).trim())) return;
      await page.keyboard.press(key);
    }
    throw new Error(`${key} does not reach ${label}`);
  }
});

/** `outbox console`, which reaches the twin as it would reach AWS: by the SDK's endpoint variable. */
/** As in an account: only the SDK's own variables say where AWS is. */
async function startConsole(endpoint: string) {
  const command = ['--import', 'tsx', 'bin/outbox.ts', 'console', '--stack', 'outbox', '--port', '0'];
  const child = spawn(process.execPath, command, {
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NO_COLOR: '1',
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'twin',
      AWS_SECRET_ACCESS_KEY: 'twin',
    },
  });
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
        const [address] = /http:\/\/\S+#token=\S+/.exec(output) ?? [];
        if (address !== undefined) resolve(address);
      });
    child.on('close', (code) => reject(new Error(`outbox console ended with ${code}:\n${output}`)));
  });
  return { url, stop: () => child.kill('SIGINT') };
}
