import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { smallEvents, webhookEvents, writeEvents } from '../../local/sample-events.ts';
import { startBrowser } from './browser.ts';
import { startTwinProcess, temporaryDataDir } from './twin-process.ts';

// `npm run screenshots` makes the pictures in the repository; `-- --all <folder>` makes every page at every width.
const [, , all, folder = fileURLToPath(new URL('../../docs/screenshots', import.meta.url))] = process.argv;
const kept = new Set([
  'many-runs-dark-1280',
  'run-light-1280',
  'run-dark-1280',
  'events-light-1280',
  'event-dark-380',
]);

const { dataDir, remove } = await temporaryDataDir();
const twin = await startTwinProcess('--events', '0', '--tick', '0', '--data-dir', dataDir);
const pool = new pg.Pool({ connectionString: twin.health.postgresUrl });
const browser = await startBrowser();
try {
  // The charts begin with the first request.
  await twin.get('/_local/outbox');
  await take('empty', ['#/', '#/events']);

  await writeEvents(pool, webhookEvents().slice(0, 10), { from: 0, count: 10 });
  await twin.tick();
  await take('ten', ['#/', '#/events']);

  await twin.setFaults([
    { service: 'events', kind: 'entry-error', code: 'MalformedDetail', match: { detailType: 'push' } },
    { service: 'events', kind: 'entry-error', code: 'InternalFailure', match: { detailType: 'fork' } },
  ]);
  await writeEvents(pool, webhookEvents(), { from: 0, count: 330 });
  const { executionArn } = await twin.tick();
  const run = `#/runs/${encodeURIComponent(executionArn)}?state=Publish%20event`;
  const { rows } = await pool.query<{ id: string }>(
    `select id from outbox_events where status = 'FAILED' limit 1`,
  );
  await take('', ['#/', run, '#/events', `#/events/${rows[0]?.id}`]);

  await pool.query(`insert into outbox_events (aggregate_id, event_type, payload, status, due_at, processed_at)
    select n::text, 'dish.rated', '{"stars": 5}', 'PROCESSED', null, now() from generate_series(1, 80000) n`);
  await writeEvents(pool, smallEvents(200), { from: 0, count: 20_000 });
  // Still running when the twin is killed.
  void twin.tick().catch(() => undefined);
  await take('many', ['#/', '#/events', '#/events?status=pending']);
} finally {
  await browser.close();
  await pool.end();
  await twin.kill();
  await remove();
}

async function take(prefix: string, hashes: readonly string[]): Promise<void> {
  for (const hash of hashes)
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [1280, 380]) {
        const name = [prefix, pageOf(hash), colorScheme, width].filter(Boolean).join('-');
        if (all !== '--all' && !kept.has(name)) continue;
        const page = await browser.context.newPage();
        await page.setViewportSize({ width, height: 860 });
        await page.emulateMedia({ colorScheme });
        await page.goto(`${twin.url}/${hash}`);
        await page.locator('.loading').first().waitFor({ state: 'detached' });
        // Waits for one more request of the page, so that the charts have a line.
        await page.waitForTimeout(2_500);
        const wider = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        console.log(`${name}${wider === 0 ? '' : `: ${wider} px too wide`}`);
        await page.screenshot({ path: `${folder}/${name}.png`, fullPage: all === '--all' });
        await page.close();
      }
}

function pageOf(hash: string): string {
  if (hash.startsWith('#/runs/')) return 'run';
  if (hash.startsWith('#/events/')) return 'event';
  return hash.startsWith('#/events') ? `events${hash.includes('?') ? '-filtered' : ''}` : 'runs';
}
