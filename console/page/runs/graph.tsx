import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { Definition } from './definition.ts';
import { type DrawnEdge, layoutStates, pathOf } from './graph-layout.ts';
import { GraphState } from './graph-state.tsx';
import { edge, type RunModel } from './run-model.ts';
import { stateStatus } from './state-status.ts';
import { pan, type Size, type Viewport, whole, zoom } from './viewport.ts';

const STEP = 0.15;
const CLOSER = 0.8;

interface Props {
  readonly definition: Definition;
  readonly model: RunModel;
  readonly selected: string | undefined;
  readonly onSelect: (state: string) => void;
}

/** The state machine as a picture that fits its frame; zoom, drag or use the keyboard to come closer. */
export function Graph({ definition, model, selected, onSelect }: Props) {
  const graph = useMemo(() => layoutStates(definition), [definition]);
  const frame = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<Size>();
  const [chosen, setChosen] = useState<Viewport>();
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const watch = new ResizeObserver(() => {
      setSize({ width: element.clientWidth, height: element.clientHeight });
      setChosen(undefined);
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const view = chosen ?? (size && size.width > 0 ? whole(graph, size) : { x: 0, y: 0, ...graph });
  const closer = () => setChosen(zoom(view, CLOSER, graph));
  const further = () => setChosen(zoom(view, 1 / CLOSER, graph));
  const move = (dx: number, dy: number) => setChosen(pan(view, dx, dy, graph));
  const keys: Readonly<Record<string, () => void>> = {
    '+': closer,
    '=': closer,
    '-': further,
    '0': () => setChosen(undefined),
    ArrowLeft: () => move(-STEP, 0),
    ArrowRight: () => move(STEP, 0),
    ArrowUp: () => move(0, -STEP),
    ArrowDown: () => move(0, STEP),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  const drag = (event: PointerEvent) => {
    if (event.buttons !== 1 || size === undefined) return;
    move(-event.movementX / size.width, -event.movementY / size.height);
  };
  const drawnEdges = (within: string | undefined) =>
    graph.edges
      .filter((one) => one.within === within)
      .map((one) => <Way key={edge(one.from, one.to)} way={one} model={model} />);
  return (
    <SpaceBetween size="xs">
      <SpaceBetween direction="horizontal" size="xs">
        <Button iconName="zoom-in" ariaLabel="Zoom in" onClick={closer} />
        <Button iconName="zoom-out" ariaLabel="Zoom out" onClick={further} />
        <Button
          iconName="zoom-to-fit"
          ariaLabel="Show the whole graph"
          onClick={() => setChosen(undefined)}
        />
      </SpaceBetween>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys that its buttons leave reach it from inside */}
      <div ref={frame} className="frame" onKeyDown={onKeyDown} onPointerMove={drag}>
        {/* biome-ignore lint/a11y/useSemanticElements: an SVG cannot be a fieldset */}
        <svg
          className="graph"
          role="group"
          aria-label="Graph of the states; plus and minus zoom, arrow keys move"
          viewBox={`${view.x} ${view.y} ${view.width} ${view.height}`}
        >
          <defs>
            <marker
              id="arrow"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M0 0L8 4L0 8Z" />
            </marker>
          </defs>
          {drawnEdges(undefined)}
          {graph.states.map((drawn) => (
            <g key={drawn.name}>
              <GraphState
                drawn={drawn}
                status={stateStatus(model.of(drawn.name))}
                selected={drawn.name === selected}
                onSelect={onSelect}
              />
              {drawn.state?.ItemProcessor !== undefined && drawnEdges(drawn.name)}
            </g>
          ))}
        </svg>
      </div>
    </SpaceBetween>
  );
}

function Way({ way, model }: { readonly way: DrawnEdge; readonly model: RunModel }) {
  const taken = model.taken.has(edge(way.from, way.to));
  const kind = ['way', taken && 'taken', way.caught && 'caught'].filter(Boolean).join(' ');
  return <path className={kind} d={pathOf(way.points)} markerEnd="url(#arrow)" />;
}
