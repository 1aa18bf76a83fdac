import { useEffect, useRef, useState } from 'react';
import type { Problem, RedriveAnswer, RedriveOrder } from '../../api.ts';
import { problemOf } from '../shell/problem-of.ts';
import { order } from '../shell/server.ts';

export type RedriveState =
  | { readonly step: 'counting' }
  | { readonly step: 'counted' | 'starting'; readonly matching: number; readonly outOfOrder: number }
  | { readonly step: 'started'; readonly matching: number; readonly executionArn: string }
  | { readonly step: 'refused'; readonly problem: Problem };

/** A redrive from its dry run to its start. */
export function useRedrive(filter: RedriveOrder['filter']): { state: RedriveState; confirm: () => void } {
  const [state, setState] = useState<RedriveState>({ step: 'counting' });
  // What was counted is what is redriven, whatever the page behind selects meanwhile.
  const wanted = useRef(filter);
  const send = (dryRun: boolean) =>
    order<RedriveAnswer>('redrives', { filter: wanted.current, dryRun } satisfies RedriveOrder);
  const refused = (error: unknown) => setState({ step: 'refused', problem: problemOf(error) });

  // biome-ignore lint/correctness/useExhaustiveDependencies: counts once, when the question is asked
  useEffect(() => {
    send(true).then(
      ({ matching, outOfOrder = 0 }) => setState({ step: 'counted', matching, outOfOrder }),
      refused,
    );
  }, []);

  return {
    state,
    confirm() {
      if (state.step !== 'counted') return;
      const { matching, outOfOrder } = state;
      setState({ step: 'starting', matching, outOfOrder });
      send(false)
        .then(({ matching: now, executionArn }) =>
          // Without an execution, nothing matched any more.
          setState(
            executionArn === undefined
              ? { step: 'counted', matching: now, outOfOrder: 0 }
              : { step: 'started', matching: now, executionArn },
          ),
        )
        .catch(refused);
    },
  };
}
