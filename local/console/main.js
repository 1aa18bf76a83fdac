import { Refused, tick, Unreachable } from './api.js';
import { announce, attribute, h, setText } from './dom.js';
import { eventView } from './event-view.js';
import { eventsView } from './events-view.js';
import { overview } from './overview.js';
import { runView } from './run-view.js';
import { runsView } from './runs-view.js';

/**
 * A view: `{ element, title, page, overview?: true, refresh() }`. It is refreshed once a second while it is shown.
 */
const routes = [
  [/^\/?$/, (_, query) => runsView(query)],
  [/^\/events$/, (_, query) => eventsView(query)],
  [/^\/events\/([^/]+)$/, (id) => eventView(id)],
  [/^\/runs\/([^/]+)$/, (arn, query) => runView(arn, query)],
];

const INTERVAL_MS = 1_000;
const main = document.getElementById('main');
const banner = document.getElementById('banner');
const top = overview(document.getElementById('overview'));
let view;

function open() {
  const [path = '', search = ''] = location.hash.slice(1).split('?');
  if (path === 'main') return;
  const query = new URLSearchParams(search);
  for (const [pattern, create] of routes) {
    const [match, argument = ''] = pattern.exec(path) ?? [];
    if (match !== undefined) return show(create(decodeURIComponent(argument), query));
  }
  show(problem('There is no such page.'));
}

function show(next) {
  const arrived = view !== undefined && view.title !== next.title;
  view = next;
  document.title = `${next.title} · Outbox console`;
  for (const link of document.querySelectorAll('nav a'))
    attribute(link, 'aria-current', link.dataset.page === next.page && 'page');
  document.getElementById('overview').hidden = !next.overview;
  main.replaceChildren(next.element);
  if (arrived) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
  refresh();
}

function problem(sentence) {
  const back = h(
    'p',
    {},
    h('a', { href: '#/' }, 'All runs'),
    ' · ',
    h('a', { href: '#/events' }, 'All events'),
  );
  const element = h('div', { class: 'empty', role: 'alert' }, h('h1', {}, sentence), back);
  return { element, title: 'Not found', refresh: async () => {} };
}

let refreshing = false;

async function refresh() {
  if (document.hidden || refreshing) return;
  refreshing = true;
  const shown = view;
  try {
    await Promise.all([shown.refresh(), shown.overview && top.refresh()]);
    connected();
  } catch (error) {
    if (error instanceof Unreachable) disconnected();
    else if (view === shown)
      show(problem(error instanceof Refused ? explain(error) : `The page has a defect: ${error.message}`));
  } finally {
    refreshing = false;
    if (view !== shown) refresh();
  }
}

function explain({ status, message }) {
  const forgotten = /^no execution/.test(message) ? ' The twin forgets its runs when it stops.' : '';
  return `${status === 404 ? 'Not here' : 'Refused'}: ${message}.${forgotten}`;
}

function disconnected() {
  setText(banner, 'The twin does not answer. What you see is old; this page reconnects by itself.');
  banner.hidden = false;
  document.body.classList.add('stale');
}

function connected() {
  if (banner.hidden) return;
  banner.hidden = true;
  document.body.classList.remove('stale');
  announce('Connected again.');
}

document.getElementById('run-now').addEventListener('click', async ({ currentTarget: button }) => {
  attribute(button, 'aria-disabled', 'true');
  try {
    const { executionArn } = await tick();
    announce('A run has started.');
    location.hash = `#/runs/${encodeURIComponent(executionArn)}`;
  } catch (error) {
    if (error instanceof Unreachable) disconnected();
    else show(problem(explain(error)));
  } finally {
    attribute(button, 'aria-disabled', undefined);
  }
});

addEventListener('hashchange', open);
document.addEventListener('visibilitychange', refresh);
setInterval(refresh, INTERVAL_MS);
open();
