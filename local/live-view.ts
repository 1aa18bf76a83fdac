import chalk from 'chalk';
import { createLogUpdate } from 'log-update';
import { COUNT_LIMIT } from '../cli/backlog.ts';
import { describeOutage } from '../cli/outage.ts';
import type { ExecutionRecord } from '../twin/services/step-functions/executions.ts';
import type { Progress } from './outbox-status.ts';

export interface LiveView {
  show(progress: Progress, eventsPerSecond: number): void;
  /** Stops updating and keeps the last view on the screen. */
  end(): void;
}

/** On a terminal, a view that is redrawn in place; elsewhere one line per second. */
export function createLiveView(stream: NodeJS.WriteStream): LiveView {
  if (!stream.isTTY) {
    return {
      show: (progress, rate) => void stream.write(`${line(progress, rate)}\n`),
      end: () => undefined,
    };
  }
  const update = createLogUpdate(stream);
  return { show: (progress, rate) => update(picture(progress, rate)), end: () => update.done() };
}

function line({ pending, processing, published, failed, lastRun, outage }: Progress, rate: number): string {
  const run = lastRun === undefined ? '' : `, last run ${describeRun(lastRun)}`;
  return `pending ${count(pending)}, processing ${count(processing)}, published ${published}, failed ${count(failed)}, ${rate.toFixed(0)} events/s${run}${outage === undefined ? '' : `; ${describeOutage(outage)}`}`;
}

function picture(
  { pending, processing, published, failed, lastRun, outage }: Progress,
  rate: number,
): string {
  const cell = (label: string, value: string, color = (text: string) => text) =>
    `${chalk.dim(label)} ${color(chalk.bold(value.padStart(6)))}`;
  return [
    '',
    [
      cell('pending', count(pending)),
      cell('processing', count(processing), chalk.cyan),
      cell('published', String(published), chalk.green),
      cell('failed', count(failed), failed > 0 ? chalk.red : undefined),
    ].join('   '),
    `${chalk.dim('events/s')} ${chalk.bold(rate.toFixed(0).padStart(4))}   ${chalk.dim('last run')} ${lastRun === undefined ? 'none yet' : describeRun(lastRun)}`,
    ...(outage === undefined ? [] : [chalk.red(describeOutage(outage))]),
    '',
  ].join('\n');
}

const count = (value: number) => (value >= COUNT_LIMIT ? `${COUNT_LIMIT}+` : String(value));

function describeRun({ name, status, startDate, stopDate, output, cause }: ExecutionRecord): string {
  const seconds = (((stopDate ?? startDate).getTime() - startDate.getTime()) / 1000).toFixed(1);
  const {
    claimed = 0,
    published = 0,
    outage = false,
  } = (output ?? {}) as { claimed?: number; published?: number; outage?: boolean };
  const result =
    status === 'SUCCEEDED'
      ? `claimed ${claimed}, published ${published}${outage ? ', an outage' : ''}`
      : (cause ?? '').slice(0, 80);
  return `${name.slice(0, 8)} ${status} in ${seconds} s: ${result}`;
}
