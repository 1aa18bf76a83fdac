import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as rds from 'aws-cdk-lib/aws-rds';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Handlers } from './handlers.ts';
import { type OutboxMetric, outboxMetric, schedulerMetric, sumOver } from './metrics.ts';

export interface OutboxDashboardProps {
  readonly name: string;
  readonly processor: sfn.IStateMachine;
  /** The log group with the history of the processor. */
  readonly historyLogGroup: logs.ILogGroup;
  readonly handlers: Handlers;
  readonly cluster: rds.IDatabaseCluster;
  readonly alarms: readonly cloudwatch.IAlarm[];
}

const MINUTE = Duration.minutes(1);
const HOUR = Duration.hours(1);

/** Answers four questions from top to bottom: is it flowing, how late is it, what failed, what does it cost. */
export class OutboxDashboard extends Construct {
  readonly dashboard: cloudwatch.Dashboard;

  constructor(scope: Construct, id: string, props: OutboxDashboardProps) {
    super(scope, id);
    const { name, processor, handlers } = props;
    const outbox = (metric: OutboxMetric, label: string) => outboxMetric(name, metric, { label });
    const functions = handlers.steps.map((step) => step.function);

    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: name,
      defaultInterval: Duration.hours(3),
    });
    this.dashboard.addWidgets(
      new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: [...props.alarms], width: 24, height: 3 }),
    );

    this.#row(
      'Is it flowing?',
      graph('Events a minute', [
        outbox('EventsClaimed', 'claimed'),
        outbox('EventsPublished', 'published'),
        outbox('EventsReplayed', 'replayed'),
      ]),
      graph('Runs a minute', [
        processor.metricStarted({ period: MINUTE, label: 'started' }),
        processor.metricSucceeded({ period: MINUTE, label: 'succeeded' }),
      ]),
      graph('Due at the beginning of a run (counted up to 1,000)', [outbox('DueEvents', 'due')]),
    );
    this.#row(
      'How late is it?',
      graph('Age of the oldest unfinished event, seconds', [outbox('OldestEventAge', 'oldest')]),
      graph('From ready to published, milliseconds, the longest of a batch', [
        outbox('PublishDelay', 'delay'),
      ]),
      graph('Duration of a run, milliseconds', [
        processor.metricTime({ period: MINUTE, statistic: 'p50', label: 'p50' }),
        processor.metricTime({ period: MINUTE, statistic: 'Maximum', label: 'maximum' }),
      ]),
      graph('Oldest event beyond its retention after a cleanup, seconds', [
        outbox('PurgeOverdue', 'overdue'),
      ]),
      graph('Oldest transaction of the database, seconds', [outbox('OldestSnapshotAge', 'open')]),
    );
    this.#row(
      'What failed?',
      graph('Events', [
        outbox('AttemptsFailed', 'failed attempts'),
        outbox('FailedEvents', 'failed, counted up to 1,000'),
        outbox('BlockedKeys', 'blocked keys, counted up to 1,000'),
        outbox('EventsReclaimed', 'reclaimed'),
        outbox('LeasesLost', 'leases lost'),
      ]),
      graph('Runs and ticks', [
        processor.metricFailed({ period: MINUTE, label: 'runs failed' }),
        processor.metricTimedOut({ period: MINUTE, label: 'runs timed out' }),
        schedulerMetric(name, 'InvocationDroppedCount', MINUTE),
        schedulerMetric(name, 'TargetErrorThrottledCount', MINUTE),
      ]),
      graph('Functions', [
        sumOver(functions, (fn) => fn.metricErrors({ period: MINUTE }), 'errors', MINUTE),
        sumOver(functions, (fn) => fn.metricThrottles({ period: MINUTE }), 'throttles', MINUTE),
      ]),
    );
    this.#row(
      'What does it cost?',
      graph('Lambda, an hour', [
        sumOver(functions, (fn) => fn.metricInvocations({ period: HOUR }), 'invocations', HOUR),
        sumOver(
          functions,
          (fn) => fn.metricDuration({ period: HOUR, statistic: 'Sum' }),
          'milliseconds',
          HOUR,
        ),
      ]),
      graph('Step Functions and its log, an hour', [
        states(processor, 'ExpressExecutionBilledDuration', 'billed milliseconds'),
        new cloudwatch.Metric({
          namespace: 'AWS/Logs',
          metricName: 'IncomingBytes',
          dimensionsMap: { LogGroupName: props.historyLogGroup.logGroupName },
          statistic: 'Sum',
          period: HOUR,
          label: 'bytes of history',
        }),
      ]),
      graph('Aurora capacity units', [
        new cloudwatch.Metric({
          namespace: 'AWS/RDS',
          metricName: 'ServerlessDatabaseCapacity',
          dimensionsMap: { DBClusterIdentifier: props.cluster.clusterIdentifier },
          statistic: 'Average',
          period: HOUR,
          label: 'ACU',
        }),
      ]),
    );
  }

  #row(question: string, ...graphs: readonly cloudwatch.GraphWidgetProps[]): void {
    this.dashboard.addWidgets(
      new cloudwatch.TextWidget({ markdown: `## ${question}`, width: 24, height: 1 }),
    );
    const size = { width: 24 / graphs.length, height: 6 };
    this.dashboard.addWidgets(...graphs.map((graph) => new cloudwatch.GraphWidget({ ...graph, ...size })));
  }
}

function graph(title: string, left: cloudwatch.IMetric[]): cloudwatch.GraphWidgetProps {
  return { title, left, leftYAxis: { min: 0 } };
}

function states(stateMachine: sfn.IStateMachine, metricName: string, label: string): cloudwatch.Metric {
  return stateMachine.metric(metricName, { statistic: 'Sum', period: HOUR, label });
}
