import { attribute, h, setText, svg } from './dom.js';

const WIDTH = 300;
const HEIGHT = 44;
const WINDOW_MS = 5 * 60_000;

/** A small area chart of the last five minutes. */
export function chart(title, format) {
  const now = h('strong', {}, '–');
  const peak = h('small', {}, 'measuring…');
  const area = svg('path', { class: 'area' });
  const line = svg('path', { class: 'line', 'vector-effect': 'non-scaling-stroke' });
  const picture = svg(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': title },
    area,
    line,
  );
  const element = h('div', { class: 'chart' }, h('span', {}, title), now, picture, peak);

  return {
    element,
    /** @param {{ at: number, value: number }[]} points */
    show(points, current = points.at(-1)?.value ?? 0) {
      const end = Date.now();
      const shown = points.filter(({ at }) => at > end - WINDOW_MS);
      const highest = Math.max(current, ...shown.map(({ value }) => value));
      const x = (at) => (WIDTH * (1 - (end - at) / WINDOW_MS)).toFixed(1);
      const y = (value) => (HEIGHT - 1 - (HEIGHT - 3) * (highest > 0 ? value / highest : 0)).toFixed(1);
      const path = shown.map(({ at, value }) => `${x(at)},${y(value)}`).join('L');
      attribute(line, 'd', path && `M${path}`);
      attribute(area, 'd', path && `M${x(shown[0].at)},${HEIGHT}L${path}L${x(shown.at(-1).at)},${HEIGHT}Z`);
      setText(now, format(current));
      setText(peak, `peak of 5 min ${format(highest)}`);
      attribute(picture, 'aria-label', `${title}: now ${format(current)}, highest ${format(highest)}`);
    },
  };
}
