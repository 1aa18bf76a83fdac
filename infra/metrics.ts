import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';

export const METRICS_NAMESPACE = 'Outbox';

type Statistic = 'Sum' | 'Maximum' | 'Minimum';

/** The metrics of the handlers, each with the statistic that fits it. */
const statistics = {
  /** Events claimed, every attempt counted. */
  EventsClaimed: 'Sum',
  /** Of these, events whose earlier lease had expired, because a run died. */
  EventsReclaimed: 'Sum',
  /** Events that EventBridge accepted. */
  EventsPublished: 'Sum',
  /** Processed events that EventBridge accepted again, in a replay. */
  EventsReplayed: 'Sum',
  /** Attempts that failed for any reason, including those that were given back. */
  AttemptsFailed: 'Sum',
  /** Events that failed for good, until a person redrives them. */
  EventsFailed: 'Sum',
  /** Processed events deleted after their retention. */
  EventsPurged: 'Sum',
  /**
   * Seconds by which the oldest processed event exceeds its retention after a purge, 0 when none does. A cleanup may
   * need several purges: the lowest value is that of the last one.
   */
  PurgeOverdue: 'Minimum',
  /** Outcomes of events that another run holds meanwhile, or that are gone. */
  LeasesLost: 'Sum',
  /** The longest delay of a batch: milliseconds from when an event could be published to when it was marked. */
  PublishDelay: 'Maximum',
  /** Seconds since the oldest unfinished event could first be published. Grows in an outage, also during backoff. */
  OldestEventAge: 'Maximum',
  /** Events due at the beginning of a run, counted up to 1,000. */
  DueEvents: 'Maximum',
  /** Failed events, counted up to 1,000. */
  FailedEvents: 'Maximum',
  /** Ordering keys whose first event has failed, so that their other events wait, counted up to 1,000. */
  BlockedKeys: 'Maximum',
  /**
   * Seconds since the oldest session or prepared transaction of the database took its snapshot or began to write: until
   * it ends, no vacuum removes what the outbox leaves behind.
   */
  OldestSnapshotAge: 'Maximum',
} as const satisfies Record<string, Statistic>;

export type OutboxMetric = keyof typeof statistics;

/** The metric `name` of the outbox, per minute unless `options` differ. */
export function outboxMetric(
  name: string,
  metricName: OutboxMetric,
  options?: cloudwatch.MetricOptions,
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service: name },
    statistic: statistics[metricName],
    period: Duration.minutes(1),
    ...options,
  });
}

/** A metric of EventBridge Scheduler, which has metrics only for groups. */
export function schedulerMetric(group: string, metricName: string, period: Duration): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: 'AWS/Scheduler',
    metricName,
    dimensionsMap: { ScheduleGroup: group },
    statistic: 'Sum',
    period,
  });
}

/** The sum of one metric over several functions. */
export function sumOver(
  functions: readonly lambda.IFunction[],
  metricOf: (fn: lambda.IFunction) => cloudwatch.Metric,
  label: string,
  period: Duration,
): cloudwatch.MathExpression {
  const usingMetrics = Object.fromEntries(functions.map((fn, index) => [`${label}${index}`, metricOf(fn)]));
  return new cloudwatch.MathExpression({
    expression: Object.keys(usingMetrics)
      .map((id) => `FILL(${id}, 0)`)
      .join(' + '),
    usingMetrics,
    label,
    period,
  });
}
