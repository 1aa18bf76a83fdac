import type { Visit, VisitStatus } from './run-model.ts';

export type Tone = 'idle' | 'running' | 'success' | 'warning' | 'error';

const tones: Readonly<Record<VisitStatus, Tone>> = {
  running: 'running',
  retrying: 'running',
  failed: 'error',
  aborted: 'error',
  caught: 'warning',
  succeeded: 'success',
};
const words: Readonly<Record<VisitStatus, string>> = {
  running: 'running',
  retrying: 'retrying',
  failed: 'failed',
  aborted: 'stopped',
  caught: 'error caught',
  succeeded: 'succeeded',
};
/** Where several have to fit one line. */
const short: Partial<Record<VisitStatus, string>> = { succeeded: 'ok', caught: 'caught' };
const worstFirst = ['running', 'retrying', 'failed', 'aborted', 'caught', 'succeeded'] as const;

export interface StateStatus {
  readonly tone: Tone;
  readonly text: string;
}

export const visitStatus = ({ status }: Pick<Visit, 'status'>): StateStatus => ({
  tone: tones[status],
  text: words[status],
});

/** All visits of a state together. */
export function stateStatus(visits: readonly Visit[]): StateStatus {
  const [first] = visits;
  if (first === undefined) return { tone: 'idle', text: 'not reached' };
  const counts = worstFirst.flatMap((status) => {
    const count = visits.filter((visit) => visit.status === status).length;
    return count > 0 ? [{ status, count }] : [];
  });
  const tone = tones[counts[0]?.status ?? first.status];
  const maps = visits.flatMap(({ map }) => map ?? []);
  if (maps.length > 0)
    return {
      tone,
      text: mapText(
        maps,
        visits.some(({ status }) => status === 'running'),
      ),
    };
  if (visits.length === 1)
    return { tone, text: words[first.status] + (first.tries > 1 ? `, ${first.tries} tries` : '') };
  return {
    tone,
    text: counts.map(({ status, count }) => `${count} ${short[status] ?? words[status]}`).join(', '),
  };
}

function mapText(maps: readonly NonNullable<Visit['map']>[], open: boolean): string {
  const sum = (count: 'length' | 'started' | 'succeeded' | 'failed') =>
    maps.reduce((total, map) => total + map[count], 0);
  const [succeeded, failed] = [sum('succeeded'), sum('failed')];
  const running = open ? sum('started') - succeeded - failed : 0;
  const parts = [
    `${succeeded} of ${sum('length')} done`,
    running > 0 && `${running} running`,
    failed > 0 && `${failed} failed`,
  ];
  return parts.filter(Boolean).join(', ');
}
