import * as sfn from 'aws-cdk-lib/aws-stepfunctions';

/**
 * What Step Functions writes to CloudWatch Logs about runs. For Express executions that log is the only
 * history there is: the console draws their graphs from it. At some 13 KB of log and $0.50 a GB, an event of 1 KB
 * costs about $6 a million with `all`, $1.30 without data, and close to nothing with `errors` and `off`.
 *
 * - `all`: graphs with inputs and outputs. Payloads of events are in the log.
 * - `without-data`: graphs without inputs and outputs. For personal data.
 * - `errors`: failed runs only, without data and without graphs.
 * - `off`: nothing.
 */
export type ExecutionHistory = 'all' | 'without-data' | 'errors' | 'off';

const options: Readonly<Record<ExecutionHistory, { level: sfn.LogLevel; includeExecutionData: boolean }>> = {
  all: { level: sfn.LogLevel.ALL, includeExecutionData: true },
  'without-data': { level: sfn.LogLevel.ALL, includeExecutionData: false },
  errors: { level: sfn.LogLevel.ERROR, includeExecutionData: false },
  off: { level: sfn.LogLevel.OFF, includeExecutionData: false },
};

export function logOptions(history: ExecutionHistory): {
  level: sfn.LogLevel;
  includeExecutionData: boolean;
} {
  return options[history];
}
