import { get } from './api.js';
import { badge, setBadge } from './badge.js';
import { h, keyed, setText, table } from './dom.js';
import { duration, number, runResult, runStatus, time } from './format.js';

/** The newest executions of the three state machines. */
export function runsView(query) {
  const idle = query.get('idle') === 'true';
  const count = h('p', { class: 'muted' }, '');
  const fold = h('a', { href: idle ? '#/' : '#/?idle=true' }, '');
  const { element: list, body } = table('Runs', ['Status', 'Run', 'Result', 'Started', 'Duration']);
  const empty = h(
    'div',
    { class: 'empty', hidden: true },
    h('h2', {}, 'No run yet'),
    h('p', {}, 'The schedule starts one by itself. “Run now” starts one at once.'),
  );
  const element = h(
    'div',
    {},
    h('div', { class: 'head' }, h('h1', {}, 'Runs'), count, fold),
    h('p', { class: 'loading' }, 'Loading…'),
    list,
    empty,
  );
  list.hidden = true;

  return {
    element,
    title: 'Runs',
    page: 'runs',
    overview: true,
    async refresh() {
      const { runs, total, idle: folded } = await get(`runs${idle ? '?idle=true' : ''}`);
      element.querySelector('.loading')?.remove();
      keyed(body, runs, ({ executionArn }) => executionArn, createRow, updateRow);
      list.hidden = runs.length === 0;
      empty.hidden = runs.length > 0;
      setText(empty.firstChild, total === 0 ? 'No run yet' : 'No run has found anything to do yet');
      setText(count, total > 0 ? `newest ${number(runs.length)} of ${number(total)}` : '');
      fold.hidden = !idle && folded === 0;
      setText(fold, idle ? 'hide runs that found nothing' : `show ${number(folded)} that found nothing`);
    },
  };
}

const cells = new WeakMap();

function createRow(run) {
  const status = badge(runStatus(run));
  const took = h('td', { class: 'number' });
  const result = h('td', { class: 'result' });
  const href = `#/runs/${encodeURIComponent(run.executionArn)}`;
  const row = h(
    'tr',
    {},
    h('td', {}, status),
    h('td', {}, h('a', { href }, `${run.machine} `, h('span', { class: 'mono' }, run.name.slice(0, 8)))),
    result,
    h('td', { class: 'number' }, time(run.startDate)),
    took,
  );
  cells.set(row, { status, took, result });
  return row;
}

function updateRow(row, run) {
  const { status, took, result } = cells.get(row);
  setBadge(status, runStatus(run));
  setText(took, duration(new Date(run.stopDate ?? Date.now()) - new Date(run.startDate)));
  setText(result, runResult(run));
}
