/** The part of a graph that is in sight, in the graph's own units. */
export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const SMALLEST = 160;

/** The whole graph, in the middle of a frame of this shape; never enlarged. */
export function whole(graph: Size, frame: Size): Viewport {
  const scale = Math.max(graph.width / frame.width, graph.height / frame.height, 1);
  const [width, height] = [frame.width * scale, frame.height * scale];
  return { x: (graph.width - width) / 2, y: (graph.height - height) / 2, width, height };
}

/** Closer with a factor below 1, around the middle; no closer than a state and no further than twice the graph. */
export function zoom({ x, y, width, height }: Viewport, factor: number, graph: Size): Viewport {
  const most = Math.max(2 * graph.width, (2 * graph.height * width) / height);
  const bounded = Math.min(Math.max(width * factor, SMALLEST), most);
  const by = bounded / width;
  return {
    x: x + (width - width * by) / 2,
    y: y + (height - height * by) / 2,
    width: width * by,
    height: height * by,
  };
}

/** Moved by parts of what is in sight; the middle stays over the graph. */
export function pan(view: Viewport, dx: number, dy: number, graph: Size): Viewport {
  const within = (start: number, extent: number, length: number) =>
    Math.min(Math.max(start, -extent / 2), length - extent / 2);
  return {
    ...view,
    x: within(view.x + dx * view.width, view.width, graph.width),
    y: within(view.y + dy * view.height, view.height, graph.height),
  };
}
