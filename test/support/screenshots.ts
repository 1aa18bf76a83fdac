import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { smallEvents, webhookEvents, writeEvents } from '../../local/sample-events.ts';
import { startBrowser } from './browser.ts';
import { startTwinProcess, temporaryDataDir } from './twin-process.ts';

// `npm run screenshots` makes the pictures in the repository; `-- --all <folder>` makes every page at every width.
const [, , all, folder = fileURLToPath(new URL('../../docs/screenshots', import.meta.url))] = process.argv;
const kept = new Set([
  'busy-overview-light-1360',
  'busy-run-light-1360',
  'busy-run-dark-1360',
  'busy-events-light-1360',
  'busy-event-dark-390',
  'broken-overview-dark-1360',
]);

const { dataDir, remove } = await temporaryDataDir();
const twin = await startTwinProcess('--events', '0', '--tick', '0', '--data-dir', dataDir);
const pool = new pg.Pool({ connectionString: twin.health.postgresUrl });
const browser = await startBrowser();
try {
  await take('empty', ['#/', '#/runs', '#/events']);

  await twin.setFaults([
    { service: 'events', kind: 'entry-error', code: 'MalformedDetail', match: { detailType: 'push' } },
    { service: 'events', kind: 'entry-error', code: 'InternalFailure', match: { detailType: 'fork' } },
  ]);
  const some = webhookEvents().filter((event, index) => index < 60 || /^(push|fork)$/.test(event.eventType));
  await writeEvents(pool, some, { from: 0, count: some.length });
  const { executionArn } = await twin.tick();
  await twin.setFaults([]);
  await writeEvents(pool, smallEvents(200), { from: 0, count: 40 });
  await twin.tick();
  const run = `#/runs/${encodeURIComponent(executionArn)}?state=Publish%20event`;
  const { rows } = await pool.query<{ id: string }>(
    `select id from outbox_events where status = 'FAILED' limit 1`,
  );
  await take('busy', ['#/', '#/runs', run, '#/events', `#/events/${rows[0]?.id}`]);

  await twin.setFaults([
    { service: 'events', operation: 'PutEvents', kind: 'error', code: 'InternalException' },
  ]);
  await writeEvents(pool, smallEvents(200), { from: 0, count: 60 });
  const outage = await twin.tick();
  await take('broken', [
    '#/',
    '#/runs',
    `#/runs/${encodeURIComponent(outage.executionArn)}`,
    '#/events?status=pending',
    '#/runs/none',
  ]);
} finally {
  await browser.close();
  await pool.end();
  await twin.kill();
  await remove();
}

async function take(situation: string, hashes: readonly string[]): Promise<void> {
  for (const hash of hashes)
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [1360, 390]) {
        const name = [situation, viewOf(hash), colorScheme, width].join('-');
        if (all !== '--all' && !kept.has(name)) continue;
        const page = await browser.context.newPage();
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.goto(`${twin.url}/${hash}`);
        await page
          .locator(viewOf(hash) === 'run' ? '.graph' : 'h1')
          .first()
          .waitFor();
        // Waits for some more answers, so that the charts have a line and the history of a run is whole.
        await page.waitForTimeout(5_000);
        const wider = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        console.log(`${name}${wider === 0 ? '' : `: ${wider} px too wide`}`);
        await page.screenshot({ path: `${folder}/${name}.png`, fullPage: width < 500 });
        await page.close();
      }
}

function viewOf(hash: string): string {
  const [, view, id] = /^#\/(\w*)(?:\/([^?]+))?/.exec(hash) ?? [];
  if (!view) return 'overview';
  if (id === 'none') return 'missing';
  return id === undefined ? view : view.slice(0, -1);
}
