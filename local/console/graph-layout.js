import { Graph, layout } from '/console/dagre.js';

const NODE = { width: 204, height: 50 };
const START = { width: 56, height: 26 };
// No state is called so: a name has at most 80 characters.
const START_NODE = 'start'.padEnd(81, '.');
const MARGIN = 8;
const MAP_HEAD = 52;
const MAP_PADDING = 16;

/**
 * Where to draw each state of a definition. A Map is laid out from the inside: its states first, then itself as
 * one large node.
 * @returns {{ width: number, height: number, nodes: object[], edges: object[] }}
 */
export function layoutStates({ StartAt, States }, inner = false) {
  const graph = new Graph().setGraph({ rankdir: 'TB', ranksep: 34, nodesep: 24 });
  graph.setDefaultEdgeLabel(() => ({}));
  const inside = new Map();
  for (const [name, state] of Object.entries(States)) {
    const content = state.ItemProcessor && layoutStates(state.ItemProcessor, true);
    if (content) inside.set(name, content);
    const size = content
      ? {
          width: Math.max(NODE.width, content.width) + 2 * MAP_PADDING,
          height: content.height + MAP_HEAD + MAP_PADDING,
        }
      : NODE;
    graph.setNode(name, { ...size, name, state });
  }
  if (!inner) {
    graph.setNode(START_NODE, START);
    graph.setEdge(START_NODE, StartAt, { kind: 'next' });
  }
  for (const [from, state] of Object.entries(States))
    for (const [to, kind] of exits(state)) graph.setEdge(from, to, { kind });
  layout(graph);

  const nodes = [];
  const edges = graph
    .edges()
    .map((id) => ({ from: id.v === START_NODE ? undefined : id.v, to: id.w, ...graph.edge(id) }));
  for (const name of graph.nodes()) {
    const { x, y, width: w, height: h, state } = graph.node(name);
    const [left, top] = [x - w / 2, y - h / 2];
    nodes.push({ name, state, x: left, y: top, width: w, height: h, start: name === START_NODE });
    const content = inside.get(name);
    if (content === undefined) continue;
    const [dx, dy] = [left + (w - content.width) / 2, top + MAP_HEAD];
    for (const node of content.nodes) nodes.push({ ...node, x: node.x + dx, y: node.y + dy });
    for (const one of content.edges)
      edges.push({
        within: name,
        ...one,
        points: one.points.map(({ x: px, y: py }) => ({ x: px + dx, y: py + dy })),
      });
  }
  return fitted(nodes, edges);
}

/** Target states, an ordinary way before a caught error's. */
function exits({ Next, Choices = [], Default, Catch = [] }) {
  const found = new Map();
  for (const { Next: to } of Catch) found.set(to, 'catch');
  for (const to of [Default, ...Choices.map(({ Next: choice }) => choice), Next])
    if (to) found.set(to, 'next');
  return found;
}

/** Moved to the origin, with the extent of all: dagre's own leaves out the ways that lead back. */
function fitted(nodes, edges) {
  const corners = nodes.flatMap(({ x, y, width, height }) => [
    { x, y },
    { x: x + width, y: y + height },
  ]);
  const points = [...corners, ...edges.flatMap((one) => one.points)];
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [left, top] = [Math.min(...xs) - MARGIN, Math.min(...ys) - MARGIN];
  const moved = ({ x, y }) => ({ x: x - left, y: y - top });
  return {
    width: Math.max(...xs) + MARGIN - left,
    height: Math.max(...ys) + MARGIN - top,
    nodes: nodes.map((node) => ({ ...node, ...moved(node) })),
    edges: edges.map((one) => ({ ...one, points: one.points.map(moved) })),
  };
}
