import { type Backlog, type BacklogRun, runBacklog } from './backlog-run.ts';
import type { Contender } from './contenders/contender.ts';
import type { Stage } from './stage.ts';

export interface Measured {
  readonly contender: Contender;
  readonly runs: readonly BacklogRun[];
  /** The reason why runs are missing. */
  readonly problem?: string;
}

/** Runs the contenders in turns, several times, so that a temporary disturbance affects all of them. */
export async function runInRounds(
  stage: Stage,
  contenders: readonly Contender[],
  backlog: Backlog,
  { rounds, report }: { readonly rounds: number; readonly report: (step: string) => void },
): Promise<readonly Measured[]> {
  let measured: readonly Measured[] = contenders.map((contender) => ({ contender, runs: [] }));
  for (let round = 1; round <= rounds; round += 1) {
    const next: Measured[] = [];
    for (const before of measured) {
      report(`round ${round} of ${rounds}: ${before.contender.name}`);
      next.push(isFinished(before) ? before : await runOnce(stage, before, backlog));
    }
    measured = next;
  }
  return measured;
}

// A contender that did not finish would only take the same time again.
function isFinished({ runs, problem }: Measured): boolean {
  return problem !== undefined || runs.some(({ drained }) => !drained);
}

async function runOnce(stage: Stage, before: Measured, backlog: Backlog): Promise<Measured> {
  try {
    return { ...before, runs: [...before.runs, await runBacklog(stage, before.contender, backlog)] };
  } catch (error) {
    return { ...before, problem: error instanceof Error ? error.message : String(error) };
  }
}
