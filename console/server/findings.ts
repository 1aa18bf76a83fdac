import { type Backlog, COUNT_LIMIT, describeBlocked } from '../../cli/backlog.ts';
import { duration } from '../../cli/duration.ts';
import { describeOutage, type Outage } from '../../cli/outage.ts';
import { busRemedy } from '../../cli/remedy.ts';
import type { Pause } from '../../outbox/pause.ts';
import type { Alarm, Finding, Problem, Schedule } from '../api.ts';

const LATE_SECONDS = 300;

export interface Found {
  readonly backlog: Backlog;
  readonly outage: Outage | undefined;
  readonly pause: Pause | undefined;
  readonly alarms: readonly Alarm[];
  readonly schedules: readonly Schedule[];
  /** Why something could not be looked at. */
  readonly problems: readonly Problem[];
}

/** What is wrong, in words, the worst first. */
export function findingsOf({
  backlog,
  outage,
  pause,
  alarms,
  schedules,
  problems,
}: Found): readonly Finding[] {
  const findings: Finding[] = [];
  const { failed, lagSeconds } = backlog;
  if (outage !== undefined)
    findings.push({
      severity: 'error',
      message: describeOutage(outage),
      remedy: busRemedy(outage.errorType),
    });
  if (pause !== undefined) {
    const why = pause.reason === undefined ? '' : `: ${pause.reason}`;
    findings.push({
      severity: 'error',
      message: `the outbox is paused since ${pause.since} by ${pause.by}${why}; events wait and nothing is lost`,
      remedy: 'outbox resume',
    });
  }
  const disabled = schedules.filter(({ state }) => state === 'DISABLED').map(({ name }) => name);
  if (disabled.length > 0)
    findings.push({
      severity: 'error',
      message: `the schedule ${disabled.join(' and ')} is disabled: nothing starts it`,
      remedy: 'aws scheduler update-schedule with State ENABLED, or deploy without paused',
    });
  if (failed > 0)
    findings.push({
      severity: 'error',
      message: `${failed >= COUNT_LIMIT ? `${COUNT_LIMIT} or more` : failed} ${failed === 1 ? 'event has' : 'events have'} failed and ${failed === 1 ? 'waits' : 'wait'} for a person`,
      remedy: 'remove the cause, then redrive',
    });
  const blocked = describeBlocked(backlog);
  if (blocked !== undefined)
    findings.push({
      severity: 'error',
      message: blocked,
      remedy: 'remove the cause and redrive the event, or skip it, so that the others pass',
    });
  if (lagSeconds >= LATE_SECONDS && outage === undefined && pause === undefined)
    findings.push({
      severity: 'warning',
      message: `the oldest unfinished event is ${duration(lagSeconds)} old`,
      remedy: 'look at the last runs: whether there are any, and where they spend their time',
    });
  const rung = alarms.filter(({ state }) => state === 'ALARM');
  for (const { name, reason } of rung)
    findings.push({
      severity: 'warning',
      message: `the alarm ${name} rings: ${reason}`,
      remedy: 'docs/operations.md',
    });
  for (const { message, remedy } of problems)
    findings.push({ severity: 'info', message, ...(remedy !== undefined && { remedy }) });
  const order = ['error', 'warning', 'info'];
  return findings.sort((one, other) => order.indexOf(one.severity) - order.indexOf(other.severity));
}
