import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Definition } from '../../../../console/page/runs/definition.ts';
import { layoutStates } from '../../../../console/page/runs/graph-layout.ts';
import { pan, whole, zoom } from '../../../../console/page/runs/viewport.ts';

const size = fc.record({
  width: fc.integer({ min: 50, max: 3_000 }),
  height: fc.integer({ min: 50, max: 3_000 }),
});

describe('the graph of a run', () => {
  test.each(['processor', 'redrive', 'cleanup'])(
    'every state and every way of %s lies in the picture',
    (machine) => {
      const file = new URL(`../../../../statemachine/outbox-${machine}.asl.json`, import.meta.url);
      const graph = layoutStates(JSON.parse(readFileSync(file, 'utf8')) as Definition);

      for (const { x, y, width, height } of graph.states) {
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(x + width).toBeLessThanOrEqual(graph.width);
        expect(y + height).toBeLessThanOrEqual(graph.height);
      }
      for (const { x, y } of graph.edges.flatMap(({ points }) => points)) {
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(graph.width);
        expect(y).toBeLessThanOrEqual(graph.height);
      }
    },
  );

  test('the whole graph is in sight in every frame, and in its shape', () => {
    fc.assert(
      fc.property(size, size, (graph, frame) => {
        const { x, y, width, height } = whole(graph, frame);
        expect(x).toBeLessThanOrEqual(1e-6);
        expect(y).toBeLessThanOrEqual(1e-6);
        expect(x + width).toBeGreaterThanOrEqual(graph.width - 1e-6);
        expect(y + height).toBeGreaterThanOrEqual(graph.height - 1e-6);
        expect(width / height).toBeCloseTo(frame.width / frame.height, 5);
      }),
    );
  });

  test('however far somebody zooms and moves, the middle of the frame stays over the graph', () => {
    const steps = fc.array(fc.constantFrom('closer', 'further', 'left', 'right', 'up', 'down'), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(size, size, steps, (graph, frame, moves) => {
        let view = whole(graph, frame);
        for (const move of moves) {
          if (move === 'closer') view = zoom(view, 0.8, graph);
          else if (move === 'further') view = zoom(view, 1.25, graph);
          else if (move === 'left' || move === 'right')
            view = pan(view, move === 'left' ? -0.15 : 0.15, 0, graph);
          else view = pan(view, 0, move === 'up' ? -0.15 : 0.15, graph);
        }
        const [middleX, middleY] = [view.x + view.width / 2, view.y + view.height / 2];
        expect(middleX).toBeGreaterThanOrEqual(-1e-6);
        expect(middleX).toBeLessThanOrEqual(graph.width + 1e-6);
        expect(middleY).toBeGreaterThanOrEqual(-1e-6);
        expect(middleY).toBeLessThanOrEqual(graph.height + 1e-6);
      }),
    );
  });
});
