import { useEffect, useState } from 'react';
import type { Problem } from '../../api.ts';
import type { CountedAnswer } from '../../change-api.ts';
import { problemOf } from '../shell/problem-of.ts';

export type ChangeState<Answer> =
  | { readonly step: 'counting' }
  | { readonly step: 'counted' | 'starting'; readonly answer: Answer }
  | { readonly step: 'started'; readonly answer: Answer; readonly executionArn: string }
  | { readonly step: 'refused'; readonly problem: Problem };

/** A change from its dry run to its start. */
export function useCountedChange<Answer extends CountedAnswer>(
  send: (dryRun: boolean) => Promise<Answer>,
): { state: ChangeState<Answer>; confirm: () => void } {
  const [state, setState] = useState<ChangeState<Answer>>({ step: 'counting' });
  const refused = (error: unknown) => setState({ step: 'refused', problem: problemOf(error) });

  // biome-ignore lint/correctness/useExhaustiveDependencies: counts once, when the question is asked
  useEffect(() => {
    send(true).then((answer) => setState({ step: 'counted', answer }), refused);
  }, []);

  return {
    state,
    confirm() {
      if (state.step !== 'counted') return;
      setState({ step: 'starting', answer: state.answer });
      send(false)
        .then((answer) =>
          // Without an execution, nothing matched any more.
          setState(
            answer.executionArn === undefined
              ? { step: 'counted', answer }
              : { step: 'started', answer, executionArn: answer.executionArn },
          ),
        )
        .catch(refused);
    },
  };
}
