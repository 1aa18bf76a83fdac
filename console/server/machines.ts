import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import type { Machine, Session } from '../api.ts';
import { cached } from './cached.ts';
import { type Connection, outboxName } from './connection.ts';
import { Refusal } from './problem.ts';

export interface DescribedMachine extends Machine {
  /** Where its runs leave their history; undefined where nowhere. */
  readonly logGroupName: string | undefined;
  readonly history: Session['history'];
}

// A deployment may change them while the page is open.
const FRESH_MS = 60_000;

export type Machines = () => Promise<readonly DescribedMachine[]>;

/** The state machines of the outbox. */
export function createMachines(connection: Connection): Machines {
  return cached(FRESH_MS, async () => {
    const { target } = connection;
    const arns = {
      processor: target.need('processorArn'),
      redrive: target.need('redriveArn'),
      replay: target.find('replayArn'),
      cleanup: target.need('cleanupArn'),
    };
    return Promise.all(
      Object.entries(arns).flatMap(([role, arn]) =>
        arn === undefined ? [] : [describe(connection, role as Machine['role'], arn)],
      ),
    );
  });
}

async function describe(
  connection: Connection,
  role: Machine['role'],
  stateMachineArn: string,
): Promise<DescribedMachine> {
  const described = await connection.stepFunctions.send(new DescribeStateMachineCommand({ stateMachineArn }));
  const {
    level = 'OFF',
    includeExecutionData = false,
    destinations = [],
  } = described.loggingConfiguration ?? {};
  const logGroupArn = destinations[0]?.cloudWatchLogsLogGroup?.logGroupArn;
  const definition: unknown = JSON.parse(described.definition ?? '{}');
  return {
    arn: stateMachineArn,
    name: described.name ?? outboxName(connection),
    role,
    type: described.type === 'STANDARD' ? 'STANDARD' : 'EXPRESS',
    definition: definition as object,
    logGroupName: logGroupArn?.replace(/^.*:log-group:|:\*$/g, ''),
    history: historyOf(level, includeExecutionData),
  };
}

function historyOf(level: string, includeExecutionData: boolean): Session['history'] {
  if (level === 'OFF') return 'off';
  if (level !== 'ALL') return 'errors';
  return includeExecutionData ? 'all' : 'without-data';
}

/** @throws Refusal when its runs leave no history */
export function logGroupOf({ name, history, logGroupName }: DescribedMachine): string {
  if (history !== 'off' && logGroupName !== undefined) return logGroupName;
  throw new Refusal(
    409,
    'HistoryOff',
    `the runs of ${name} leave no history: its logging is off`,
    'deploy with outbox:executionHistory=all, without-data or errors; runs that have ended stay unknown',
  );
}
