import type { Problem } from '../../api.ts';
import { ServerProblem } from './server.ts';

/** Any error as a problem that can be shown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ServerProblem) return error.problem;
  return { error: 'Error', message: error instanceof Error ? error.message : String(error) };
}
