import type { Problem } from '../../api.ts';

const TOKEN = 'outbox-console-token';

/** What the server answered instead of data, in words for the person in front of the page. */
export class ServerProblem extends Error {
  override readonly name = 'ServerProblem';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** Takes the token out of the address, where it would stay in the history, and keeps it for this tab. */
export function keepToken(): void {
  const [, token] = /^#token=([^&]+)$/.exec(location.hash) ?? [];
  if (token === undefined) return;
  sessionStorage.setItem(TOKEN, decodeURIComponent(token));
  history.replaceState(undefined, '', location.pathname);
}

export const read = <T>(path: string, signal?: AbortSignal): Promise<T> => request<T>(path, { signal });

export const order = <T>(path: string, body: unknown): Promise<T> =>
  request<T>(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  });

async function request<T>(
  path: string,
  init: Omit<RequestInit, 'signal'> & { signal?: AbortSignal | undefined },
) {
  const token = sessionStorage.getItem(TOKEN);
  const response = await fetch(`/api/${path}`, {
    ...init,
    signal: init.signal ?? null,
    headers: { ...init.headers, ...(token !== null && { Authorization: `Bearer ${token}` }) },
  }).catch((cause: unknown) => {
    if (init.signal?.aborted) throw cause;
    throw new ServerProblem(unreachable);
  });
  if (!response.ok) throw new ServerProblem(await problemOf(response));
  return (await response.json()) as T;
}

const unreachable: Problem = {
  error: 'Unreachable',
  message: 'The console does not answer.',
  remedy: 'Start it again, with `outbox console` or `npm start`. This page goes on by itself.',
};

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    if (problem.error !== undefined && problem.message !== undefined)
      return { ...problem, error: problem.error, message: problem.message };
  } catch {
    // Not from our server: a proxy, for example.
  }
  return { error: `HTTP ${response.status}`, message: text.slice(0, 300) || response.statusText };
}
