import chalk from 'chalk';
import type { Twin } from '../twin/deploy.ts';
import type { Account } from './accounting.ts';

interface RunTotals {
  readonly claimed: number;
  readonly published: number;
  readonly failed: number;
  readonly failedForGood: number;
  readonly batches: number;
}

/** Summarizes the session from the runs' own summaries and from the comparison of table and bus. */
export function printSummary(account: Account, twin: Twin, before: Twin['counts'], elapsedMs: number): void {
  const runs = twin.executions.list().filter(({ status }) => status !== 'RUNNING');
  const totals = runs.map(({ output }) => output as RunTotals | undefined);
  const sum = (count: keyof RunTotals) => totals.reduce((total, run) => total + (run?.[count] ?? 0), 0);
  const { dataApiCalls, invocations } = twin.counts;
  const batches = sum('batches');
  // A fetch that finds nothing due ends a run; it is a cost of polling and not of a batch.
  const emptyPolls = (invocations['fetch-batch'] ?? 0) - (before.invocations['fetch-batch'] ?? 0) - batches;
  const calls = dataApiCalls - before.dataApiCalls - emptyPolls;
  const seconds = elapsedMs / 1000;
  const rows: readonly (readonly [string, string])[] = [
    ['claimed', String(sum('claimed'))],
    ['published', String(sum('published'))],
    ['accepted by the bus', `${account.accepted} of ${account.processed} processed events`],
    ['published twice', String(account.duplicates)],
    ['failed attempts', String(sum('failed'))],
    ['failed events', String(account.failed)],
    ['unfinished', String(account.unfinished)],
    ['runs', `${runs.length} with ${batches} batches`],
    [
      'Data API calls',
      `${(calls / Math.max(1, batches)).toFixed(2)} a batch, and ${emptyPolls} polls that found nothing`,
    ],
    ['duration', `${seconds.toFixed(1)} s`],
    ['events/s', (account.processed / seconds).toFixed(0)],
    [
      'cost of an event',
      `${(elapsedMs / Math.max(1, account.processed)).toFixed(2)} ms for the whole local stack`,
    ],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  console.log(rows.map(([label, value]) => `${chalk.dim(label.padEnd(width))}  ${value}`).join('\n'));
  console.log(
    account.complete
      ? chalk.green('every event is accounted for')
      : chalk.red('events are missing: see the counts above'),
  );
}
