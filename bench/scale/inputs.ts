/** One number for the model, with its source. */
export interface Field {
  readonly label: string;
  readonly value: number;
  /** A page of AWS, `measured` (here, on the twin) or `assumption` (second-hand, or a guess). */
  readonly source?: string;
}

const docs = 'https://docs.aws.amazon.com';
const pricing = (service: string) => `https://aws.amazon.com/${service}/pricing/ (assumption: second-hand)`;

// Prices are those of us-east-1, without the free tier.
export const fields = {
  workload: {
    eventsPerSecond: { label: 'Events per second', value: 1000 },
    bytesPerEvent: { label: 'Bytes of an event', value: 1000 },
    targetsPerEvent: { label: 'Targets an event is sent to by rules', value: 1 },
  },
  configuration: {
    batchSize: { label: 'Events in a batch', value: 200 },
    publishChunkSize: { label: 'Events in a Map item and PutEvents request (1 to 10)', value: 1 },
    concurrency: { label: 'Map items at once (at most 40)', value: 40 },
    lanes: { label: 'Lanes: runs that a tick starts', value: 1 },
    intervalSeconds: { label: 'Seconds between two ticks', value: 60 },
    loopSeconds: { label: 'Seconds in which a run begins batches', value: 30 },
    pollSeconds: { label: 'Seconds between two checks of a lingering run (0: no linger)', value: 0 },
    history: { label: 'Execution history: 2 with data, 1 without, 0 off', value: 2 },
    cleanupIntervalSeconds: { label: 'Seconds between two cleanups (300 to 86,400)', value: 3600 },
    minimumAcu: { label: 'Minimum ACU of the Aurora cluster', value: 0.5 },
  },
  milliseconds: {
    lambda: { label: 'Invoking a warm function, its own work aside', value: 25, source: 'assumption' },
    handler: {
      label: "A handler's own work",
      value: 6,
      source: 'measured with the CPU of 512 MB, bench/cpu',
    },
    dataApi: { label: 'A Data API call', value: 40, source: 'assumption' },
    putEvents: { label: 'A PutEvents request', value: 30, source: 'assumption' },
    transition: { label: 'A state transition', value: 5, source: 'assumption' },
  },
  counts: {
    batchTransitions: { label: 'State transitions of a batch', value: 8, source: 'the definition' },
    envelopeBytes: { label: 'Bytes around an event in the state', value: 290, source: 'measured' },
    historyCopies: { label: 'Copies of an event in the history', value: 4, source: 'measured' },
    itemHistoryBytes: {
      label: 'History bytes of a Map item',
      value: 3000,
      source: 'measured, and 200 an entry',
    },
    resultHistoryBytes: { label: 'History bytes of the results of an event', value: 430, source: 'measured' },
    runHistoryBytes: {
      label: 'History bytes of a run, beside',
      value: 1700,
      source: 'measured, and 200 an entry',
    },
    lookHistoryBytes: { label: 'History bytes of a look', value: 5500, source: 'measured, and 200 an entry' },
    batchHistoryBytes: { label: 'History bytes of a batch, beside', value: 6600, source: 'assumption' },
    invocationLogBytes: { label: 'Log bytes of an invocation', value: 600, source: 'assumption' },
    metricLogBytes: { label: 'Log bytes of the metrics of a look or mark', value: 600, source: 'assumption' },
    databaseMs: {
      label: 'PostgreSQL CPU milliseconds of an event',
      value: 0.085,
      source: 'measured, doubled',
    },
    purgeRows: {
      label: 'Rows that a statement of the cleanup deletes',
      value: 10_000,
      source: 'outbox/purge.ts',
    },
    purgeRowMs: {
      label: 'PostgreSQL milliseconds to delete a row',
      value: 0.012,
      source: 'measured, and rounded up',
    },
    cleanupSeconds: { label: 'Seconds that a cleanup works', value: 240, source: 'the definition' },
    alarmMetrics: { label: 'Metrics under alarms', value: 25, source: 'infra/alarms.ts' },
    customMetrics: { label: 'Custom metrics', value: 12, source: 'infra/metrics.ts' },
    secrets: { label: 'Secrets', value: 3, source: 'infra/database-users.ts' },
  },
  quotas: {
    lambdaConcurrency: {
      label: 'Lambda: concurrent executions',
      value: 1000,
      source: `${docs}/lambda/latest/dg/gettingstarted-limits.html`,
    },
    lambdaPerEnvironment: {
      label: 'Lambda: invocations per second for each of these',
      value: 10,
      source: `${docs}/lambda/latest/dg/gettingstarted-limits.html`,
    },
    putEvents: {
      label: 'EventBridge: PutEvents requests per second',
      value: 10_000,
      source: `${docs}/eventbridge/latest/userguide/eb-quota.html; 10,000 in us-east-1, us-west-2, eu-west-1; 2,400, 1,200, 600 or 400 elsewhere`,
    },
    targetInvocations: {
      label: 'EventBridge: target invocations per second (delayed beyond)',
      value: 18_750,
      source: `${docs}/eventbridge/latest/userguide/eb-quota.html; 750 in the smallest regions`,
    },
    startExecution: {
      label: 'Step Functions: Express StartExecution per second',
      value: 6000,
      source: `${docs}/step-functions/latest/dg/service-quotas.html`,
    },
    stateBytes: {
      label: 'Step Functions: bytes of events in the state (256 KiB less what is beside them)',
      value: 240_000,
      source: `${docs}/step-functions/latest/dg/service-quotas.html`,
    },
    databaseRows: {
      label: 'PostgreSQL: rows claimed and marked per second (the Data API itself has no quota)',
      value: 17_000,
      source: `measured on 2 cores; ${docs}/AmazonRDS/latest/AuroraUserGuide/data-api.limitations.html`,
    },
  },
  prices: {
    expressRequest: { label: 'Express, million requests', value: 1, source: pricing('step-functions') },
    expressGbHour1: {
      label: 'Express, GB-hour, first 1,000',
      value: 0.06,
      source: pricing('step-functions'),
    },
    expressGbHour2: { label: 'Express, GB-hour, next 4,000', value: 0.03, source: pricing('step-functions') },
    expressGbHour3: { label: 'Express, GB-hour, beyond', value: 0.01642, source: pricing('step-functions') },
    lambdaRequest: { label: 'Lambda, million requests', value: 0.2, source: pricing('lambda') },
    lambdaGbSecond: { label: 'Lambda arm64, GB-second', value: 0.0000133334, source: pricing('lambda') },
    lambdaGb: { label: 'Lambda, GB of a function that a run calls', value: 0.5, source: 'infra/handlers.ts' },
    dataApi: {
      label: 'Data API, million requests of 32 KB',
      value: 0.35,
      source: `${pricing('rds/aurora')}; no volume price`,
    },
    putEvents: { label: 'EventBridge, million events of 64 KB', value: 1, source: pricing('eventbridge') },
    scheduler: { label: 'Scheduler, million ticks', value: 1, source: pricing('eventbridge') },
    logGb1: { label: 'Logs, GB, first 10 TB', value: 0.5, source: pricing('cloudwatch') },
    logGb2: { label: 'Logs, GB, next 20 TB', value: 0.25, source: pricing('cloudwatch') },
    logGb3: { label: 'Logs, GB, next 20 TB', value: 0.1, source: pricing('cloudwatch') },
    logGb4: { label: 'Logs, GB, beyond', value: 0.05, source: pricing('cloudwatch') },
    logStorageGb: {
      label: 'Logs, GB kept for the 30 days, at 0.15 compressed',
      value: 0.03 * 0.15,
      source: pricing('cloudwatch'),
    },
    trace: { label: 'X-Ray, million traces', value: 5, source: 'https://aws.amazon.com/xray/pricing/' },
    customMetric: { label: 'CloudWatch, metric a month', value: 0.3, source: pricing('cloudwatch') },
    alarmMetric: { label: 'CloudWatch, metric under an alarm', value: 0.1, source: pricing('cloudwatch') },
    dashboard: { label: 'CloudWatch, dashboard', value: 3, source: pricing('cloudwatch') },
    secret: { label: 'Secrets Manager, secret a month', value: 0.4, source: pricing('secrets-manager') },
    acuHour: { label: 'Aurora Serverless v2, ACU-hour', value: 0.12, source: pricing('rds/aurora') },
    acuPerCore: { label: 'ACU that make a core', value: 4, source: 'assumption' },
    auroraIo: { label: 'Aurora, million I/O, one an event', value: 0.2, source: pricing('rds/aurora') },
  },
} as const satisfies Record<string, Record<string, Field>>;

type Fields = typeof fields;
export type Group = keyof Fields;

/** The input of the model: every field as a number. */
export type Inputs = {
  readonly [G in Group]: { readonly [F in keyof Fields[G]]: number };
};

const valuesOf = (group: Readonly<Record<string, Field>>) =>
  Object.fromEntries(Object.entries(group).map(([name, { value }]) => [name, value]));

export const defaults = Object.fromEntries(
  Object.entries(fields).map(([name, group]) => [name, valuesOf(group)]),
) as Inputs;

/** The same inputs with another workload or configuration. */
export function given(
  inputs: Inputs,
  changes: { workload?: Partial<Inputs['workload']>; configuration?: Partial<Inputs['configuration']> },
): Inputs {
  return {
    ...inputs,
    workload: { ...inputs.workload, ...changes.workload },
    configuration: { ...inputs.configuration, ...changes.configuration },
  };
}
