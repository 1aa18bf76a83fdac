import { get } from './api.js';
import { badge, setBadge } from './badge.js';
import { h, keyed, setText, table } from './dom.js';
import { bytes, eventStatus, number, plural, time } from './format.js';
import { openRedrive } from './redrive.js';

const fields = [
  ['eventType', 'Event type'],
  ['aggregateId', 'Aggregate'],
  ['errorType', 'Error type'],
  ['id', 'Event id'],
  ['run', 'Run (ARN)'],
];
const statuses = [
  ['', 'Any status'],
  ['pending', 'Pending'],
  ['processing', 'Processing'],
  ['processed', 'Processed'],
  ['failed', 'Failed'],
];

/** The table of events, filtered by the address. */
export function eventsView(query) {
  const selected = new Set();
  const reasons = h('ul', { class: 'reasons' });
  const count = h('p', { class: 'muted number', role: 'status' }, '');
  const redriveAll = h(
    'button',
    { type: 'button', onclick: () => redriveMatching(query) },
    'Redrive matching…',
  );
  const redriveSome = h('button', {
    type: 'button',
    onclick: () => openRedrive({ eventIds: [...selected] }, `the ${plural(selected.size, 'selected event')}`),
  });
  const { element: list, body } = table('Events', [
    '',
    'Status',
    'Event type',
    'Aggregate',
    'Tries',
    'Created',
    'Last error',
    'Payload',
  ]);
  list.hidden = true;
  const older = h('a', { class: 'button', hidden: true }, 'Older');
  const newest = h(
    'a',
    { class: 'button', href: address(query, { before: '' }), hidden: !query.get('before') },
    'Newest',
  );
  const empty = h('div', { class: 'empty', hidden: true });
  const loading = h('p', { class: 'loading' }, 'Loading…');
  const element = h(
    'div',
    {},
    h('div', { class: 'head' }, h('h1', {}, 'Events'), count),
    reasons,
    filterForm(query),
    h('div', { class: 'actions' }, redriveAll, redriveSome),
    loading,
    list,
    empty,
    h('nav', { class: 'actions', 'aria-label': 'Pages of events' }, newest, older),
  );

  const showSelection = () => {
    setText(redriveSome, `Redrive ${number(selected.size)} selected…`);
    redriveSome.hidden = selected.size === 0;
  };
  const choose = (id, on) => {
    if (on) selected.add(id);
    else selected.delete(id);
    showSelection();
  };
  showSelection();
  let looks = 0;

  return {
    element,
    title: 'Events',
    page: 'events',
    overview: true,
    async refresh() {
      // Every other second: at a large history this is the page's one costly question.
      if (looks++ % 2 === 1) return;
      const [{ events, next, matching }, failures] = await Promise.all([
        get(`outbox/events?${query}`),
        get('outbox/failed'),
      ]);
      loading.remove();
      const key = ({ errorType, eventType }) => `${errorType} ${eventType}`;
      keyed(reasons, failures, key, createReason, updateReason);
      keyed(
        body,
        events,
        ({ id }) => id,
        (event) => createRow(event, choose),
        (row, event) => updateRow(row, event, choose),
      );
      list.hidden = events.length === 0;
      showEmpty(empty, events.length === 0, query);
      older.hidden = next === null;
      if (next !== null) older.href = address(query, { before: next });
      const matches = `${number(matching.count)}${matching.more ? '+' : ''}`;
      setText(
        count,
        `${matches} ${matching.count === 1 ? 'event' : 'events'}${filtered(query) ? ' match' : ''}, newest first`,
      );
      const status = query.get('status');
      redriveAll.hidden = failures.length === 0 || (status !== null && status !== 'failed');
    },
  };
}

function showEmpty(empty, isEmpty, query) {
  empty.hidden = !isEmpty;
  if (!isEmpty || empty.hasChildNodes()) return;
  const example =
    "insert into outbox_events (aggregate_id, event_type, payload)\nvalues ('7', 'dish.created', '{\"name\": \"Laksa\"}');";
  if (filtered(query))
    empty.append(h('h2', {}, 'No event matches'), h('a', { href: '#/events' }, 'Show all events'));
  else
    empty.append(
      h('h2', {}, 'No events yet'),
      h('p', {}, 'Write one:'),
      h('pre', { tabindex: '0' }, example),
    );
}

const filtered = (query) => [...query].some(([name, value]) => name !== 'before' && value !== '');

function address(query, changes) {
  const next = new URLSearchParams(
    [...query, ...Object.entries(changes)].filter(([name]) => !(name in changes)),
  );
  for (const [name, value] of Object.entries(changes)) if (value !== '') next.set(name, value);
  return `#/events${next.size > 0 ? `?${next}` : ''}`;
}

function filterForm(query) {
  const options = statuses.map(([value, label]) =>
    h('option', { value, selected: value === (query.get('status') ?? '') }, label),
  );
  const submit = (event) => {
    event?.preventDefault();
    const given = [...new FormData(form)].filter(([, value]) => value.trim() !== '');
    location.hash = address(
      new URLSearchParams(),
      Object.fromEntries(given.map(([name, value]) => [name, value.trim()])),
    );
  };
  const status = h('select', { name: 'status' }, ...options);
  const form = h(
    'form',
    { class: 'filter', role: 'search', 'aria-label': 'Filter events', onsubmit: submit },
    h('label', { class: 'field' }, 'Status', status),
    ...fields.map(([name, label]) =>
      h(
        'label',
        { class: 'field' },
        label,
        h('input', { name, value: query.get(name) ?? '', autocomplete: 'off', spellcheck: 'false' }),
      ),
    ),
    h(
      'div',
      { class: 'actions' },
      h('button', { type: 'submit' }, 'Filter'),
      filtered(query) && h('a', { href: '#/events' }, 'Clear'),
    ),
  );
  return form;
}

function redriveMatching(query) {
  const given = Object.fromEntries(
    fields.map(([name]) => [name, query.get(name)]).filter(([, value]) => value),
  );
  const { run, id, ...same } = given;
  const filter = { ...same, ...(run && { executionArn: run }), ...(id && { eventIds: [id] }) };
  const any = Object.keys(filter).length > 0;
  openRedrive(any ? filter : { all: true }, any ? 'the failed events that match' : 'all failed events');
}

function createReason({ errorType, eventType }) {
  const href = address(new URLSearchParams(), { status: 'failed', errorType, eventType });
  return h(
    'li',
    {},
    h('a', { href }, h('strong', { class: 'number' }), ` failed: ${errorType}, ${eventType}`),
  );
}

function updateReason(item, { events }) {
  setText(item.querySelector('strong'), number(events));
}

const cells = new WeakMap();

function createRow({ id, eventType, aggregateId, createdAt, payload, bytes: size }, choose) {
  const onchange = ({ target }) => choose(id, target.checked);
  const box = h('input', {
    type: 'checkbox',
    onchange,
    'aria-label': `Select ${eventType} ${id.slice(0, 8)}`,
  });
  const [status, tries, error] = [
    badge(['idle', '']),
    h('td', { class: 'number' }),
    h('td', { class: 'error' }),
  ];
  const row = h(
    'tr',
    {},
    h('td', { class: 'box' }, box),
    h('td', {}, status),
    h('td', {}, h('a', { href: `#/events/${id}` }, eventType)),
    h('td', {}, aggregateId),
    tries,
    h('td', { class: 'number' }, time(createdAt)),
    error,
    h('td', { class: 'payload mono' }, `${bytes(size)}  ${payload}`),
  );
  cells.set(row, { id, box, status, tries, error });
  return row;
}

function updateRow(row, { status: now, attempts, errorType, error: message }, choose) {
  const { id, box, status, tries, error } = cells.get(row);
  setBadge(status, eventStatus(now));
  setText(tries, attempts);
  setText(error, [errorType, message].filter(Boolean).join(': '));
  // Only what has failed can be redriven.
  if (now !== 'failed' && box.checked) {
    box.checked = false;
    choose(id, false);
  }
  box.hidden = now !== 'failed';
}
