import { Graph, layout } from '@dagrejs/dagre';
import type { Definition, State } from './definition.ts';

interface Point {
  readonly x: number;
  readonly y: number;
}

export interface DrawnState extends Point {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Undefined for the start. */
  readonly state: State | undefined;
}

export interface DrawnEdge {
  /** Undefined from the start. */
  readonly from: string | undefined;
  readonly to: string;
  readonly caught: boolean;
  readonly points: readonly Point[];
  /** The Map in which it leads from state to state. */
  readonly within: string | undefined;
}

export interface DrawnGraph {
  readonly width: number;
  readonly height: number;
  readonly states: readonly DrawnState[];
  readonly edges: readonly DrawnEdge[];
}

const STATE = { width: 204, height: 50 };
const START = { width: 56, height: 26 };
// No state is called so: a name has at most 80 characters.
const START_NAME = 'start'.padEnd(81, '.');
const MARGIN = 8;
const MAP_HEAD = 52;
const MAP_PADDING = 16;

/** Where to draw each state. A Map is laid out from the inside: its states first, then itself as one large state. */
export function layoutStates({ StartAt, States }: Definition, within?: string): DrawnGraph {
  const graph = new Graph().setGraph({ rankdir: 'TB', ranksep: 34, nodesep: 24 });
  graph.setDefaultEdgeLabel(() => ({}));
  const inside = new Map<string, DrawnGraph>();
  for (const [name, { ItemProcessor }] of Object.entries(States)) {
    if (ItemProcessor !== undefined) inside.set(name, layoutStates(ItemProcessor, name));
    graph.setNode(name, sizeOf(inside.get(name)));
  }
  if (within === undefined) {
    graph.setNode(START_NAME, { ...START });
    graph.setEdge(START_NAME, StartAt, { caught: false });
  }
  for (const [from, state] of Object.entries(States))
    for (const [to, caught] of exits(state)) graph.setEdge(from, to, { caught });
  layout(graph);

  const states: DrawnState[] = graph.nodes().flatMap((name: string): DrawnState[] => {
    const { x, y, width, height } = graph.node(name);
    const drawn = { name, state: States[name], x: x - width / 2, y: y - height / 2, width, height };
    const content = inside.get(name);
    const offset = content && insideOf(drawn, content);
    return [drawn, ...(content?.states ?? []).map((one) => ({ ...one, ...moved(one, offset) }))];
  });
  const edges: DrawnEdge[] = graph.edges().map(({ v, w }: { v: string; w: string }): DrawnEdge => {
    const { points, caught } = graph.edge(v, w) as unknown as { points: Point[]; caught: boolean };
    return { from: v === START_NAME ? undefined : v, to: w, caught, points, within };
  });
  for (const [name, content] of inside) {
    const map = states.find((drawn) => drawn.name === name);
    const offset = map && insideOf(map, content);
    for (const one of content.edges)
      edges.push({ ...one, points: one.points.map((point) => moved(point, offset)) });
  }
  return fitted(states, edges);
}

const sizeOf = (content: DrawnGraph | undefined) =>
  content === undefined
    ? { ...STATE }
    : {
        width: Math.max(STATE.width, content.width) + 2 * MAP_PADDING,
        height: content.height + MAP_HEAD + MAP_PADDING,
      };

const insideOf = ({ x, y, width }: DrawnState, content: DrawnGraph): Point => ({
  x: x + (width - content.width) / 2,
  y: y + MAP_HEAD,
});

const moved = ({ x, y }: Point, by: Point = { x: 0, y: 0 }): Point => ({ x: x + by.x, y: y + by.y });

/** Target states and whether only a caught error leads there. */
function exits({ Next, Choices = [], Default, Catch = [] }: State): Map<string, boolean> {
  const ordinary = [Default, ...Choices.map((choice) => choice.Next), Next].filter((to) => to !== undefined);
  return new Map([
    ...Catch.map(({ Next: to }): [string, boolean] => [to, true]),
    ...ordinary.map((to): [string, boolean] => [to, false]),
  ]);
}

/** Moved to the origin, with the extent of all: dagre's own leaves out the ways that lead back. */
function fitted(states: readonly DrawnState[], edges: readonly DrawnEdge[]): DrawnGraph {
  const corners = states.flatMap(({ x, y, width, height }) => [
    { x, y },
    { x: x + width, y: y + height },
  ]);
  const points = [...corners, ...edges.flatMap((one) => one.points)];
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const origin = { x: MARGIN - Math.min(...xs), y: MARGIN - Math.min(...ys) };
  return {
    width: Math.max(...xs) + MARGIN + origin.x,
    height: Math.max(...ys) + MARGIN + origin.y,
    states: states.map((one) => ({ ...one, ...moved(one, origin) })),
    edges: edges.map((one) => ({ ...one, points: one.points.map((point) => moved(point, origin)) })),
  };
}

/** An SVG path through the middles of its bends, so that it turns softly. */
export function pathOf(points: readonly Point[]): string {
  const [first, ...bends] = points;
  const last = bends.pop();
  if (first === undefined || last === undefined) return '';
  const curves = bends.map((bend, index) => {
    const next = bends[index + 1];
    const end = next === undefined ? last : { x: (bend.x + next.x) / 2, y: (bend.y + next.y) / 2 };
    return `Q${bend.x} ${bend.y} ${end.x} ${end.y}`;
  });
  return `M${first.x} ${first.y}${curves.join('') || `L${last.x} ${last.y}`}`;
}
