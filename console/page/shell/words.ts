import type { EventStatus, RunSummary } from '../../api.ts';

const whole = new Intl.NumberFormat('en');

export const number = (value: number): string => whole.format(value);

export const plural = (count: number, noun: string): string =>
  `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Numbers that are counted only up to a limit. */
export const upTo = (limit: number, count: number): string => number(count) + (count >= limit ? '+' : '');

/** 350 ms, 4.2 s, 3 min 05 s, 2 h 10 min, 3 d */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${two((seconds % 3_600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export const between = (from: string, to: string | null): number =>
  (to === null ? Date.now() : Date.parse(to)) - Date.parse(from);

/** The time in UTC, with its day unless that is today. */
export function time(value: string, now = new Date()): string {
  const [day = '', clock = ''] = new Date(value).toISOString().split('T');
  const [today] = now.toISOString().split('T');
  return day === today ? `${clock.slice(0, 8)}Z` : `${day} ${clock.slice(0, 8)}Z`;
}

export function bytes(count: number): string {
  return count < 1_024 ? `${count} B` : `${(count / 1_024).toFixed(1)} KB`;
}

type Indicator = 'success' | 'error' | 'warning' | 'in-progress' | 'pending' | 'stopped';

export const eventStatuses: Readonly<Record<EventStatus, { indicator: Indicator; label: string }>> = {
  pending: { indicator: 'pending', label: 'Pending' },
  processing: { indicator: 'in-progress', label: 'Processing' },
  processed: { indicator: 'success', label: 'Processed' },
  failed: { indicator: 'error', label: 'Failed' },
};

const runStatuses: Readonly<Record<RunSummary['status'], { indicator: Indicator; label: string }>> = {
  RUNNING: { indicator: 'in-progress', label: 'Running' },
  SUCCEEDED: { indicator: 'success', label: 'Succeeded' },
  FAILED: { indicator: 'error', label: 'Failed' },
  TIMED_OUT: { indicator: 'error', label: 'Timed out' },
  ABORTED: { indicator: 'stopped', label: 'Aborted' },
  PENDING_REDRIVE: { indicator: 'pending', label: 'Waits for its redrive' },
  UNKNOWN: { indicator: 'pending', label: 'End not known' },
};

/** A run that met an outage succeeds for Step Functions, and must not look like a success. */
export function runStatus({ status, output }: Pick<RunSummary, 'status' | 'output'>) {
  return outputOf(output)['outage'] === true
    ? ({ indicator: 'warning', label: 'Met an outage' } as const)
    : runStatuses[status];
}

/** What a run came to, in a sentence. */
export function outcome({ status, output, error, cause, dryRun }: RunSummary): string {
  if (status === 'RUNNING') return '';
  if (status === 'UNKNOWN') return 'CloudWatch Logs has no end of it';
  if (status !== 'SUCCEEDED') return [error, cause].filter(Boolean).join(': ');
  const told = outputOf(output);
  const count = (name: string) => (typeof told[name] === 'number' ? told[name] : undefined);
  const claimed = count('claimed');
  if (claimed !== undefined) return publishing(claimed, count, told['outage'] === true);
  const events = count('events');
  if (dryRun && events !== undefined) return `dry run: ${plural(events, 'event')} would be redriven`;
  const purged = count('purged');
  if (purged !== undefined) return `purged ${plural(purged, 'event')}`;
  const processed = count('processed');
  if (processed !== undefined) return `redrove ${plural(processed, 'event')}, all processed`;
  return events === 0 ? 'nothing matched' : '';
}

function publishing(claimed: number, count: (name: string) => number | undefined, outage: boolean): string {
  const [failed = 0, forGood = 0] = [count('failed'), count('failedForGood')];
  if (claimed === 0 && forGood === 0) return outage ? 'the bus accepted nothing' : 'nothing was due';
  const parts = [
    `published ${number(count('published') ?? 0)} of ${number(claimed)}`,
    failed > 0 && `${number(failed)} failed`,
    forGood > 0 && `${number(forGood)} for good`,
    outage && 'the bus accepted nothing more: they are given back',
  ];
  return parts.filter(Boolean).join(', ');
}

const outputOf = (output: unknown): Readonly<Record<string, unknown>> =>
  typeof output === 'object' && output !== null ? (output as Record<string, unknown>) : {};

/** A JSON text laid out for reading, unless that would change how a number is written; any other text as it is. */
export function prettyJson(text: string): string {
  if (text.length > 300_000) return text;
  try {
    const numbers = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').match(/-?\d[\d.eE+-]*/g) ?? [];
    const value: unknown = JSON.parse(text);
    return numbers.every((digits) => String(Number(digits)) === digits)
      ? JSON.stringify(value, null, 2)
      : text;
  } catch {
    return text;
  }
}
