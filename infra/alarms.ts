import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as rds from 'aws-cdk-lib/aws-rds';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { AlarmName } from './alarm-names.ts';
import type { Handlers } from './handlers.ts';
import { type OutboxMetric, outboxMetric, schedulerMetric, sumOver } from './metrics.ts';

export interface AlarmsProps {
  /** Prefix of the names of the alarms. */
  readonly name: string;
  readonly processor: sfn.IStateMachine;
  readonly cleanup: sfn.IStateMachine;
  readonly handlers: Handlers;
  readonly deadLetterQueue: sqs.IQueue;
  /** Undefined for a cluster with a fixed capacity, which always uses all of it. */
  readonly cluster?: rds.IDatabaseCluster;
  /** How often the processor runs. */
  readonly interval: Duration;
  /** How often the cleanup runs. */
  readonly cleanupInterval: Duration;
  /** The maximum age of the oldest unfinished event before the alarm begins. */
  readonly maximumEventAge: Duration;
  /** The actions of every alarm. */
  readonly actions: readonly cloudwatch.IAlarmAction[];
  /** The URL of the runbook: the descriptions of the alarms link to its sections, or name them without it. */
  readonly runbookUrl?: string;
}

interface AlarmOptions {
  /** The alarm begins when the answer to this question is yes. */
  readonly question: string;
  readonly metric: cloudwatch.IMetric;
  /** @default 1 */
  readonly threshold?: number;
  /** @default 1 */
  readonly evaluationPeriods?: number;
  /**
   * `event`: counted when it happens, so no data means that it did not happen.
   * `expected`: counted too, but the alarm begins below the threshold and without data.
   * `gauge`: measured by runs and cleanups. Without data nothing was measured, so the alarm keeps its state: it must
   * not report a recovery because the processor stopped.
   * @default event
   */
  readonly kind?: keyof typeof missing;
}

const { BREACHING, NOT_BREACHING, IGNORE } = cloudwatch.TreatMissingData;
const missing = { event: NOT_BREACHING, expected: BREACHING, gauge: IGNORE } as const;

const MINUTE = Duration.minutes(1);
const FIVE_MINUTES = Duration.minutes(5);

/** One alarm for each question of an operator in an incident, each with its section in the runbook. */
export class Alarms extends Construct {
  readonly all: cloudwatch.Alarm[] = [];
  readonly #props: AlarmsProps;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.#props = props;
    const { processor, cleanup, handlers, interval, cleanupInterval } = props;

    this.#alarm('events-failed', {
      question: 'Do events wait for a person?',
      kind: 'gauge',
      metric: this.#outbox('FailedEvents'),
    });
    this.#alarm('keys-blocked', {
      question: 'Do events wait behind a failed one of their ordering key?',
      kind: 'gauge',
      metric: this.#outbox('BlockedKeys'),
    });
    this.#alarm('events-late', {
      question: 'Is the oldest event older than it should be?',
      kind: 'gauge',
      metric: this.#outbox('OldestEventAge'),
      threshold: props.maximumEventAge.toSeconds(),
      evaluationPeriods: 2,
    });
    this.#alarm('no-successful-run', {
      question: 'Has no run succeeded for five intervals?',
      metric: processor.metricSucceeded({ period: interval }),
      evaluationPeriods: 5,
      kind: 'expected',
    });
    this.#alarm('runs-failed', {
      question: 'Did a run fail or time out?',
      metric: new cloudwatch.MathExpression({
        expression: 'FILL(failed, 0) + FILL(timedOut, 0)',
        usingMetrics: {
          failed: processor.metricFailed({ period: FIVE_MINUTES }),
          timedOut: processor.metricTimedOut({ period: FIVE_MINUTES }),
        },
        period: FIVE_MINUTES,
      }),
    });
    // publish-event throws by design, and the functions of redrive and replay throw to answer a person.
    const { publishEvent, requeueEvents, verifyRedrive, replayEvents } = handlers;
    const quiet = [publishEvent, requeueEvents, verifyRedrive, replayEvents];
    const functions = handlers.steps.filter((step) => !quiet.includes(step)).map((step) => step.function);
    this.#alarm('function-errors', {
      question: 'Do functions fail that should not?',
      metric: sumOver(functions, (fn) => fn.metricErrors({ period: FIVE_MINUTES }), 'errors', FIVE_MINUTES),
      // A failover of the database costs a few tries, which the state machine repeats.
      threshold: 5,
    });
    this.#alarm('functions-throttled', {
      question: 'Does Lambda refuse to run our functions?',
      metric: sumOver(
        handlers.steps.map((step) => step.function),
        (fn) => fn.metricThrottles({ period: FIVE_MINUTES }),
        'throttles',
        FIVE_MINUTES,
      ),
    });
    this.#alarm('ticks-dropped', {
      question: 'Did a tick start no run?',
      metric: schedulerMetric(props.name, 'InvocationDroppedCount', FIVE_MINUTES),
    });
    this.#alarm('ticks-throttled', {
      question: 'Does Step Functions refuse to start runs?',
      metric: schedulerMetric(props.name, 'TargetErrorThrottledCount', FIVE_MINUTES),
    });
    // A gauge of SQS, which has no data for a queue that has been empty for hours.
    this.#alarm('dead-letters', {
      question: 'Are there ticks in the dead-letter queue?',
      metric: props.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES }),
    });
    this.#alarm('leases-lost', {
      question: 'Did a run lose events to another one?',
      metric: this.#outbox('LeasesLost'),
    });
    this.#alarm('old-snapshot', {
      question: 'Has a transaction of the database been open for more than two hours?',
      kind: 'gauge',
      metric: this.#outbox('OldestSnapshotAge'),
      threshold: Duration.hours(2).toSeconds(),
    });
    const cleanupPeriod = Duration.minutes(Math.max(cleanupInterval.toMinutes(), interval.toMinutes()));
    this.#alarm('cleanup-missing', {
      question: 'Has no cleanup succeeded for three intervals?',
      // Compared with runs: before the deployment and while the schedules are stopped, no cleanup is expected. Without a
      // run there is no value, because that does not mean that a cleanup succeeded.
      kind: 'gauge',
      metric: new cloudwatch.MathExpression({
        expression: 'IF(runs > 0 AND FILL(cleanups, 0) < 1, 1, 0)',
        usingMetrics: {
          runs: processor.metricStarted({ period: cleanupPeriod }),
          cleanups: cleanup.metricSucceeded({ period: cleanupPeriod }),
        },
        period: cleanupPeriod,
      }),
      evaluationPeriods: 3,
    });
    this.#alarm('cleanup-behind', {
      question: 'Are processed events kept for longer than their retention?',
      metric: outboxMetric(props.name, 'PurgeOverdue', { period: cleanupInterval }),
      threshold: 2 * cleanupInterval.toSeconds(),
      kind: 'gauge',
    });
    if (props.cluster !== undefined) {
      this.#alarm('database-capacity', {
        question: 'Has the database used nearly all of its capacity for 15 minutes?',
        // Measured every minute for each instance: the maximum is the busiest one. Only Aurora Serverless has this metric.
        metric: new cloudwatch.Metric({
          namespace: 'AWS/RDS',
          metricName: 'ACUUtilization',
          dimensionsMap: { DBClusterIdentifier: props.cluster.clusterIdentifier },
          statistic: 'Maximum',
          period: MINUTE,
        }),
        threshold: 90,
        evaluationPeriods: 15,
      });
    }
  }

  // Measured once per run: a shorter period would have no data between two runs.
  #outbox(metric: OutboxMetric): cloudwatch.Metric {
    const period = Duration.minutes(Math.max(5, this.#props.interval.toMinutes()));
    return outboxMetric(this.#props.name, metric, { period });
  }

  #alarm(
    id: AlarmName,
    { question, metric, threshold = 1, evaluationPeriods = 1, kind = 'event' }: AlarmOptions,
  ): void {
    const { name, runbookUrl, actions } = this.#props;
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmName: `${name}-${id}`,
      alarmDescription: `${question} ${runbookSection(id, runbookUrl)}`,
      metric,
      threshold,
      evaluationPeriods,
      comparisonOperator:
        kind === 'expected'
          ? cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
          : cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: missing[kind],
    });
    alarm.addAlarmAction(...actions);
    alarm.addOkAction(...actions);
    this.all.push(alarm);
  }
}

/** Without a URL, words: a relative path in a mail cannot be opened, and the mail links to the alarm itself. */
function runbookSection(section: AlarmName, runbookUrl: string | undefined): string {
  if (runbookUrl !== undefined) return `${runbookUrl}#${section}`;
  const [first = '', ...rest] = section.replaceAll('-', ' ');
  return `Runbook: docs/operations.md of outbox-processor, section "${first.toUpperCase()}${rest.join('')}".`;
}
