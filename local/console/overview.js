import { get } from './api.js';
import { chart } from './chart.js';
import { attribute, h, setText } from './dom.js';
import { duration, number } from './format.js';

const tiles = [
  ['pending', 'Pending', 'due, delayed or in backoff', '#/events?status=pending'],
  ['processing', 'Processing', 'claimed by a run', '#/events?status=processing'],
  ['failed', 'Failed', 'wait for a person', '#/events?status=failed'],
  ['published', 'Published', 'accepted by the bus', '#/events?status=processed'],
];

// Where the counts of outbox_backlog end; what the bus has accepted is counted on.
const COUNT_LIMIT = 1_000;
const count = (key, value) => number(value) + (key !== 'published' && value >= COUNT_LIMIT ? '+' : '');

/** Counts by status, throughput and lag. */
export function overview(section) {
  const values = new Map(
    tiles.map(([key, label, meaning, href]) => {
      const value = h('strong', {}, '–');
      const tile = h('a', { class: 'tile', href }, h('span', {}, label), value, h('small', {}, meaning));
      section.append(tile);
      return [key, { value, tile }];
    }),
  );
  const throughput = chart('Throughput', (value) => `${number(Math.round(value))}/s`);
  const lag = chart('Lag', (value) => (value < 60 ? `${value.toFixed(1)} s` : duration(value * 1_000)));
  const outage = h('p', { class: 'outage', role: 'status', hidden: true }, '');
  section.append(throughput.element, lag.element, outage);

  return {
    async refresh() {
      const status = await get('outbox');
      for (const [key, { value }] of values) setText(value, count(key, status[key]));
      attribute(values.get('failed').tile, 'data-tone', status.failed > 0 && 'bad');
      outage.hidden = status.outage === null;
      setText(outage, status.outage ?? '');
      throughput.show(rates(status.samples));
      lag.show(
        status.samples.map(({ at, lagSeconds }) => ({ at, value: lagSeconds })),
        status.lagSeconds,
      );
    },
  };
}

/** Events a second between each two samples. */
function rates(samples) {
  return samples.slice(1).map(({ at, published }, index) => {
    const before = samples[index];
    return { at, value: Math.max(0, ((published - before.published) * 1_000) / (at - before.at)) };
  });
}
