import { get } from './api.js';
import { badge } from './badge.js';
import { h } from './dom.js';
import { duration, plural, prettyJson, time } from './format.js';
import { visitStatus } from './run-model.js';

const MOST_CHARACTERS = 20_000;
const MOST_VISITS = 500;

/** What went in, what came out and what went wrong: of a state's visit, or of the whole run. */
export function inspector(executionArn) {
  const element = h('section', { class: 'panel inspector', 'aria-label': 'Details' });
  const texts = new Map();
  let drawn;

  /** Inputs and outputs are fetched when somebody looks. */
  async function textOf(eventId, field) {
    if (eventId === undefined) return undefined;
    if (!texts.has(eventId))
      texts.set(eventId, await get(`runs/${encodeURIComponent(executionArn)}/history/${eventId}`));
    return texts.get(eventId)[field === 'input' ? 'stateEnteredEventDetails' : 'stateExitedEventDetails']?.[
      field
    ];
  }

  function draw(key, build) {
    if (key === drawn) return;
    drawn = key;
    // A live update must not take the choice of a visit from under somebody's hands.
    const focused = element.contains(document.activeElement) && document.activeElement.dataset.keep;
    element.replaceChildren(...build().filter(Boolean));
    if (focused) element.querySelector(`[data-keep="${focused}"]`)?.focus();
  }

  return {
    element,
    showRun(run) {
      draw(`run ${run.status}`, () => [
        h('h2', {}, 'The whole run'),
        h('p', { class: 'muted' }, 'Select a state of the graph to see what went in and out.'),
        run.error && failure(run),
        block('Input', run.input),
        block('Output', run.output),
      ]);
    },
    async showState(name, definition, visits, chosen, choose) {
      const visit = visits.find(({ enteredId }) => enteredId === chosen) ?? worst(visits);
      const [input, output] = visit
        ? await Promise.all([textOf(visit.enteredId, 'input'), textOf(visit.exitedId, 'output')])
        : [];
      draw(`${name} ${visits.length} ${visit?.enteredId} ${visit?.status} ${visit?.tries} ${input}`, () => [
        h('h2', {}, name),
        h('p', { class: 'muted' }, [definition.Type, definition.Comment].filter(Boolean).join(' · ')),
        visit === undefined && h('p', {}, 'This run has not reached it.'),
        visits.length > 1 && visitPicker(visits, visit, choose),
        ...(visit === undefined ? [] : describe(visit, input, output)),
      ]);
    },
  };
}

/** What somebody who looks at a state wants to see first: its failure. */
function worst(visits) {
  return visits.find(({ failures }) => failures.length > 0) ?? visits.at(-1);
}

function visitPicker(visits, shown, choose) {
  const options = visits.slice(0, MOST_VISITS).map((visit, index) => {
    const place = visit.iteration === undefined ? `Visit ${index + 1}` : `Item ${visit.iteration + 1}`;
    const tries = visit.tries > 1 ? `, ${visit.tries} tries` : '';
    const selected = visit === shown;
    return h('option', { value: visit.enteredId, selected }, `${place}: ${visitStatus(visit)[1]}${tries}`);
  });
  const onchange = ({ target }) => choose(Number(target.value));
  return h(
    'label',
    { class: 'field' },
    'Which one',
    h('select', { onchange, 'data-keep': 'visit' }, ...options),
  );
}

function describe(visit, input, output) {
  const took = visit.exitedAt && duration(new Date(visit.exitedAt) - new Date(visit.enteredAt));
  return [
    h(
      'p',
      { class: 'facts' },
      badge(visitStatus(visit)),
      h('span', {}, `entered ${time(visit.enteredAt)}`),
      took && h('span', {}, `took ${took}`),
      visit.tries > 0 && h('span', {}, plural(visit.tries, 'attempt')),
    ),
    ...visit.failures.map(failure),
    block('Input', prettyJson(input)),
    block('Output', prettyJson(output)),
  ];
}

// The kinds that the state machine tells apart. The code that the bus gave begins the message, and is what the event's
// row and page show.
const kinds = ['EventRejected', 'PublishFailed', 'BusUnavailable', 'PublishThrottled'];

function failure({ error, cause, at }) {
  const [, code] = (kinds.includes(error) && /^([A-Za-z][\w.]*): /.exec(readable(cause))) || [];
  return h(
    'div',
    { class: 'failure' },
    h('strong', {}, code ?? error ?? 'Error'),
    code && h('span', { class: 'muted' }, ` (${error})`),
    at && h('span', { class: 'muted' }, ` at ${time(at)}`),
    h('p', {}, readable(cause)),
  );
}

/** A function's error comes as JSON: its message is what a person wants. */
function readable(cause = '') {
  try {
    return JSON.parse(cause).errorMessage ?? cause;
  } catch {
    return cause;
  }
}

export function block(title, text) {
  if (text === undefined || text === null || text === '') return undefined;
  const cut = text.length > MOST_CHARACTERS;
  const label = cut ? `${title} (the first ${MOST_CHARACTERS} of ${text.length} characters)` : title;
  const shown = cut ? text.slice(0, MOST_CHARACTERS) : text;
  return h(
    'div',
    {},
    h('h3', {}, label),
    h('pre', { tabindex: '0', role: 'region', 'aria-label': title }, shown),
  );
}
