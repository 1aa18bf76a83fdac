import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { Page } from 'playwright-core';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import { beginScenario } from '../support/outbox-scenario.ts';
import { startTwinProcess, type TwinProcess, temporaryDataDir } from '../support/twin-process.ts';

const inBrowser = chromiumPath === undefined ? describe.skip : describe;
const reason = chromiumPath === undefined ? ' (skipped: no chromium, apt-get install chromium)' : '';

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
  let page: Page;
  let dataDir: string;
  let removeData: () => Promise<void>;
  let defects: string[];

  beforeAll(async () => {
    ({ dataDir, remove: removeData } = await temporaryDataDir());
    twin = await startTwinProcess('--events', '0', '--tick', '0', '--data-dir', dataDir);
    pool = new pg.Pool({ connectionString: twin.health.postgresUrl });
    pool.on('error', () => undefined);
    browser = await startBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await pool?.end();
    await twin?.stop();
    await removeData?.();
  });

  beforeEach(async () => {
    defects = [];
    page = await browser.open('about:blank');
    page.on('pageerror', (error) => defects.push(error.message));
    page.on('console', (message) => {
      if (/Content.Security.Policy/i.test(message.text())) defects.push(message.text());
    });
  });

  afterEach(async () => {
    await page.close();
    expect(defects).toEqual([]);
  });

  const visit = (hash: string) => page.goto(`${twin.url}/${hash}`);
  const named = (role: 'button' | 'link' | 'heading', name: string | RegExp) =>
    page.getByRole(role, { name });

  /** 20 events, of which 2 failed for good in a run. */
  async function failTwo(): Promise<void> {
    await beginScenario(twin, pool, 20);
    await twin.setFaults([rejectRemovals]);
    await twin.tick();
    await twin.setFaults([]);
  }

  test('the page shows an empty outbox and then follows a run live', async () => {
    await beginScenario(twin, pool, 0);
    await visit('#/events');
    await named('heading', 'No events yet').waitFor();

    await beginScenario(twin, pool, 20);
    await twin.setFaults([
      { service: 'lambda', kind: 'latency', ms: 1_500, match: { function: 'publish-event' } },
    ]);
    await page.getByText('20 events, newest first').waitFor();
    await named('button', 'Run now').click();

    await named('button', 'Publish event: 20 running').waitFor();
    await page.getByText('Running', { exact: true }).waitFor();
    await named('button', 'Publish event: 20 ok').waitFor();
    await named('button', 'Publish events: 20 of 20 done').waitFor();
    await named('button', 'Release batch: not reached').waitFor();
    await page.getByText('published 20 of 20', { exact: true }).waitFor();
    await named('link', '← All runs').click();
    await page
      .getByRole('row', { name: /Succeeded .*published 20 of 20/ })
      .first()
      .waitFor();
  }, 60_000);

  test('does not show an outage as a success', async () => {
    await beginScenario(twin, pool, 3);
    await twin.setFaults([
      { service: 'events', operation: 'PutEvents', kind: 'error', code: 'InternalException' },
    ]);
    await twin.tick();
    await visit('#/');

    await page.getByText(/^the bus has not accepted anything since .* InternalException/).waitFor();
    await page
      .getByRole('row', { name: /Met an outage .*published 0 of 3, 3 failed, the bus accepted nothing more/ })
      .first()
      .waitFor();
    await twin.setFaults([]);
  }, 60_000);

  test("the page shows why an event failed, in the run and in the event's story", async () => {
    await failTwo();
    await visit('#/');
    await page
      .getByRole('row', { name: /2 failed, 2 for good/ })
      .getByRole('link')
      .click();
    await named('button', /^Publish event: .*2 caught/).click();
    await page.getByText('MalformedDetail: injected by a fault rule').first().waitFor();

    await named('link', 'Its events').click();
    await page.getByRole('row').getByRole('link', { name: 'dish.removed' }).first().click();
    await page.getByText('It waits for a person').waitFor();
    await page.getByText('The bus has not accepted it.').waitFor();
    await named('link', 'last by this run').click();
    await named('heading', /^outbox-processor/).waitFor();
  }, 60_000);

  test('the page counts the events, redrives after confirmation, and follows the redrive to its end', async () => {
    await failTwo();
    await visit('#/events');
    await named('link', /2 failed: MalformedDetail, dish.removed/).click();
    await named('button', 'Redrive matching…').click();
    await page.getByText('2 events would be published again').waitFor();
    const failures = await pool.query(`select from outbox_events where status = 'FAILED'`);
    expect(failures.rowCount).toBe(2);

    await named('button', 'Redrive 2 events').click();

    await page.getByText('Done: 2 events processed.').waitFor({ timeout: 30_000 });
    await named('button', 'Close').click();
    await named('heading', 'No event matches').waitFor();
  }, 60_000);

  test('a redrive can be started with only the keyboard', async () => {
    await failTwo();
    await visit('#/events?status=failed');
    await named('link', 'dish.removed').first().waitFor();
    await tabTo('Select dish.removed');
    await page.keyboard.press('Space');
    await tabTo('Redrive 1 selected…', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await named('button', 'Redrive 1 event').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Done: 1 event processed.').waitFor({ timeout: 30_000 });
    await page.keyboard.press('Escape');
    await page.getByText('1 event match').waitFor();
  }, 60_000);

  test('the page says that an execution does not exist', async () => {
    await visit('#/runs/arn%3Aaws%3Astates%3Aus-east-1%3A0%3Aexpress%3Anone');
    await named('heading', /Not here: no execution arn:aws.*The twin forgets/).waitFor();
    await named('link', 'All runs').click();
    await named('heading', 'Runs').waitFor();
  });

  test('the page shows a payload as text, whatever it contains', async () => {
    await beginScenario(twin, pool, 0);
    const attack = '<img src=x onerror="document.title=1">';
    const { rows } = await pool.query<{ id: string }>(
      `insert into outbox_events (aggregate_id, event_type, payload)
       values ($1, $1, jsonb_build_object('note', $1::text, 'big', 9007199254740993)) returning id`,
      [attack],
    );
    await visit('#/events');
    await named('link', attack).click();
    await named('heading', attack).waitFor();
    const payload = page.getByRole('region', { name: 'Payload' });
    expect(await payload.textContent()).toContain('<img src=x onerror=\\"document.title=1\\">');
    expect(await payload.textContent()).toContain('9007199254740993');
    expect(page.url()).toContain(rows[0]?.id);
    expect(await page.locator('main img').count()).toBe(0);
  });

  test.each(['light', 'dark'] as const)(
    'the page has no serious accessibility violation in %s mode',
    async (scheme) => {
      await failTwo();
      await page.emulateMedia({ colorScheme: scheme });
      const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
      const run = encodeURIComponent(
        (await twin.get<{ executionArn: string }[]>('/_local/executions'))[0]?.executionArn ?? '',
      );
      for (const [hash, ready] of [
        ['#/', 'published 18 of 20, 2 failed, 2 for good'],
        ['#/events?status=failed', 'MalformedDetail: injected by a fault rule'],
        [`#/runs/${run}?state=Publish%20event`, 'Which one'],
      ] as const) {
        await visit(hash);
        await page.getByText(ready).first().waitFor();
        await page.evaluate(axe);
        const violations = await page.evaluate(`axe.run().then(({ violations }) => violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).slice(0, 3).join(' ')))`);
        expect({ hash, violations }).toEqual({ hash, violations: [] });
      }
    },
    60_000,
  );

  test('the page says that the twin has stopped, and reconnects when it runs again', async () => {
    await visit('#/');
    await named('heading', 'Runs').waitFor();
    await twin.kill();
    await page.getByText('The twin does not answer.').waitFor();

    const { port } = new URL(twin.url);
    twin = await startTwinProcess('--events', '0', '--tick', '0', '--data-dir', dataDir, '--port', port);

    await page.getByText('The twin does not answer.').waitFor({ state: 'hidden' });
    await page.getByText('No run yet').waitFor();
  }, 60_000);

  async function tabTo(label: string, key = 'Tab'): Promise<void> {
    for (let presses = 0; presses < 60; presses += 1) {
      const focused = await page.evaluate(
        `document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent`,
      );
      if (String(focused).startsWith(label)) return;
      await page.keyboard.press(key);
    }
    throw new Error(`${key} does not reach ${label}`);
  }
});
