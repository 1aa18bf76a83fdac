import type { CSSProperties } from 'react';
import type { DrawnState } from './graph-layout.ts';
import type { StateStatus, Tone } from './state-status.ts';

/** A tick, a cross ...: the tone must be seen without its colour too. */
const signs: Readonly<Record<Tone, string>> = {
  idle: 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0',
  running: 'M-5 0h.01M0 0h.01M5 0h.01',
  success: 'M-5 0L-1 4L6 -4',
  warning: 'M0 -6V2M0 6v.01',
  error: 'M-4 -4L4 4M4 -4L-4 4',
};
// What fits into a state's box.
const MOST_CHARACTERS = 28;

interface Props {
  readonly drawn: DrawnState;
  readonly status: StateStatus;
  readonly selected: boolean;
  readonly onSelect: (state: string) => void;
}

/** A state of the graph, which is a button. */
export function GraphState({ drawn, status, selected, onSelect }: Props) {
  const { name, x, y, width, height, state } = drawn;
  if (state === undefined)
    return (
      <g className="start">
        <rect x={x} y={y} width={width} height={height} rx={height / 2} />
        <text x={x + width / 2} y={y + height / 2 + 4} textAnchor="middle">
          Start
        </text>
      </g>
    );
  const { tone, text } = status;
  const shown = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;
  return (
    // biome-ignore lint/a11y/useSemanticElements: an SVG has no button element
    <g
      className={state.Type === 'Map' ? 'state map' : 'state'}
      style={tone === 'idle' ? {} : ({ '--tone': `var(--${tone})` } as CSSProperties)}
      role="button"
      tabIndex={0}
      aria-label={`${name}: ${text}`}
      aria-pressed={selected}
      onClick={() => onSelect(name)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onSelect(name);
      }}
    >
      <rect x={x} y={y} width={width} height={height} rx={state.Type === 'Choice' ? 24 : 8} />
      <path className="sign" d={signs[tone]} transform={`translate(${x + 19} ${y + 25})`} />
      <text className="name" x={x + 36} y={y + 21}>
        {name}
      </text>{' '}
      <text className="detail" x={x + 36} y={y + 38}>
        {shown}
      </text>
    </g>
  );
}
