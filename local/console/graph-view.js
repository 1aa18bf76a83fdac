import { sign } from './badge.js';
import { attribute, setText, svg } from './dom.js';
import { layoutStates } from './graph-layout.js';
import { edge, stateStatus } from './run-model.js';

// What fits into a state's box.
const MOST_CHARACTERS = 28;

/** The state machine as a graph whose states are buttons. */
export function graphView(definition, onSelect) {
  const { width, height, nodes, edges } = layoutStates(definition);
  const drawnEdges = edges.map((one) => ({ ...one, path: drawEdge(one) }));
  const drawnNodes = nodes.map((node) =>
    node.start ? { node, group: drawStart(node) } : drawNode(node, onSelect),
  );
  const arrow = svg(
    'marker',
    { id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' },
    svg('path', { d: 'M0 0L8 4L0 8Z' }),
  );
  const edgesWithin = (name) => drawnEdges.filter(({ within }) => within === name).map(({ path }) => path);
  const element = svg(
    'svg',
    {
      class: 'graph',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'group',
      'aria-label': 'States',
    },
    svg('defs', {}, arrow),
    ...edgesWithin(undefined),
    // A Map's own ways lie on it and under its states; the order is also the one of the Tab key.
    ...drawnNodes.flatMap(({ node, group }) => [group, ...edgesWithin(node.name)]),
  );
  return {
    element,
    update(model, selected) {
      for (const { from, to, path } of drawnEdges)
        attribute(path, 'data-taken', model.taken.has(edge(from, to)));
      for (const { node, group, icon, detail } of drawnNodes) {
        if (node.start) continue;
        const [tone, words] = stateStatus(model.of(node.name));
        attribute(group, 'data-tone', tone);
        attribute(group, 'aria-label', `${node.name}: ${words}`);
        attribute(group, 'aria-pressed', String(node.name === selected));
        setText(icon, sign(tone));
        setText(detail, words.length > MOST_CHARACTERS ? `${words.slice(0, MOST_CHARACTERS - 1)}…` : words);
      }
    },
  };
}

function drawStart({ x, y, width, height }) {
  return svg(
    'g',
    { class: 'start' },
    svg('rect', { x, y, width, height, rx: height / 2 }),
    svg('text', { x: x + width / 2, y: y + height / 2 + 4, 'text-anchor': 'middle' }, 'Start'),
  );
}

function drawNode(node, onSelect) {
  const { name, x, y, width, height, state } = node;
  const icon = svg('text', {
    x: x + 18,
    y: y + 31,
    class: 'icon',
    'text-anchor': 'middle',
    'aria-hidden': 'true',
  });
  const detail = svg('text', { x: x + 36, y: y + 38, class: 'detail' });
  const group = svg(
    'g',
    {
      class: state.Type === 'Map' ? 'state map' : 'state',
      role: 'button',
      tabindex: '0',
      onclick: () => onSelect(name),
      onkeydown: (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onSelect(name);
      },
    },
    svg('rect', { x, y, width, height, rx: state.Type === 'Choice' ? 24 : 8 }),
    icon,
    svg('text', { x: x + 36, y: y + 21, class: 'name' }, name),
    // Keeps the two apart for whoever reads the text and not the picture.
    ' ',
    detail,
  );
  return { node, group, icon, detail };
}

function drawEdge({ points, kind }) {
  const [first, ...rest] = points;
  const last = rest.pop();
  // Through the middles of its corners, so that it bends softly.
  const bends = rest.map((point, index) => {
    const next = rest[index + 1] ?? last;
    const end = index === rest.length - 1 ? last : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    return `Q${point.x} ${point.y} ${end.x} ${end.y}`;
  });
  const d = `M${first.x} ${first.y}${bends.join('') || `L${last.x} ${last.y}`}`;
  return svg('path', { class: `edge ${kind}`, d, 'marker-end': 'url(#arrow)' });
}
