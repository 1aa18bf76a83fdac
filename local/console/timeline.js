import { h, keyed, setText, table } from './dom.js';
import { duration, number } from './format.js';

const MOST_SHOWN = 200;

/** The events of a run's history, or of one of its states, in order. */
export function timeline() {
  const heading = h('h2', {}, 'Time line');
  const { element: list, body } = table('Time line', ['#', 'After', 'Event', 'State', 'What']);
  let all = false;
  let last = () => {};
  const more = h('button', { type: 'button', hidden: true, onclick: () => show(true) }, 'Show all');
  const show = (everything) => {
    all = everything;
    last();
  };
  const element = h('section', { class: 'panel timeline' }, heading, list, h('p', {}, more));

  return {
    element,
    update(model, startDate, selected) {
      last = () => {
        const events = selected
          ? model.events.filter(({ visit }) => visit?.state === selected)
          : model.events;
        const shown = all ? events : events.slice(0, MOST_SHOWN);
        keyed(
          body,
          shown,
          ({ id }) => id,
          (event) => row(event, new Date(startDate)),
        );
        setText(heading, `Time line${selected ? ` of ${selected}` : ''}: ${number(events.length)} events`);
        more.hidden = shown.length === events.length;
        setText(more, `Show all ${number(events.length)}`);
      };
      last();
    },
  };
}

function row({ id, timestamp, type, visit, name, index, error, cause, length }, start) {
  const item = index ?? visit?.iteration;
  const what = error
    ? [error, cause].filter(Boolean).join(': ')
    : length === undefined
      ? ''
      : `${length} items`;
  return h(
    'tr',
    { 'data-tone': /Failed|TimedOut|Aborted/.test(type) && 'bad' },
    h('td', { class: 'number' }, id),
    h('td', { class: 'number' }, duration(new Date(timestamp) - start)),
    h('td', {}, type),
    h('td', {}, [visit?.state ?? name, item !== undefined && `item ${item + 1}`].filter(Boolean).join(', ')),
    h('td', { class: 'result' }, what),
  );
}
