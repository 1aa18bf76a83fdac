import type { CSSProperties } from 'react';
import type { DrawnState } from './graph-layout.ts';
import type { StateStatus, Tone } from './state-status.ts';

const signs: Readonly<Record<Tone, string>> = {
  idle: '○',
  running: '◔',
  success: '✓',
  warning: '!',
  error: '✕',
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
      <text className="sign" x={x + 18} y={y + 31} textAnchor="middle">
        {signs[tone]}
      </text>
      <text className="name" x={x + 36} y={y + 21}>
        {name}
      </text>
      <text className="detail" x={x + 36} y={y + 38}>
        {shown}
      </text>
    </g>
  );
}
