import * as sfn from 'aws-cdk-lib/aws-stepfunctions';

/**
 * What Step Functions writes to CloudWatch Logs about runs. For Express executions that log is the only
 * history there is: the console draws their graphs from it. At $0.50 a GB, a million events cost $3.20 to $4.40 with
 * `all`, whatever their payloads weigh, $1.20 without data, and close to nothing with `errors` and `off`.
 *
 * - `all`: graphs with inputs and outputs. The payloads that `inlinePayloadBytes` lets travel inline are in the log.
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
