import type { EventStatus, RunSummary } from '../../api.ts';
import { number, plural } from './format.ts';

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
  if (dryRun && events !== undefined) return `dry run: ${plural(events, 'event')} would be published again`;
  const replayed = count('replayed');
  if (replayed !== undefined) return `replayed ${plural(replayed, 'event')}`;
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
