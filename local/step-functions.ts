import { randomUUID } from 'node:crypto';
import { loadStateMachine, type StateMachine } from './asl/load.ts';
import { type Clock, type Outcome, runStateMachine } from './asl/run.ts';
import { TaskError } from './asl/task-error.ts';
import { AwsError } from './aws-error.ts';
import type { StateMachineResource } from './cloud-assembly.ts';
import { type ExecutionRecord, Executions, toHistoryEvent } from './executions.ts';
import type { Lambda } from './lambda.ts';
import type { RequestBody } from './request.ts';

const MAX_INPUT_BYTES = 262_144;
const clock: Clock = { now: Date.now, sleep };

type Loaded = StateMachineResource & { readonly machine: StateMachine };

export interface StepFunctions {
  readonly operations: Readonly<Record<string, (request: RequestBody) => Promise<object>>>;
  readonly executions: Executions;
  start(stateMachineArn: string, input: string, name?: string): ExecutionRecord;
  /** Waits for the end of what runs. */
  idle(): Promise<void>;
  /** Aborts what still runs and waits for its end. */
  stop(): Promise<void>;
}

/** Step Functions: runs the template's definitions and refuses for Express what AWS refuses for Express. */
export function createStepFunctions(
  resources: readonly StateMachineResource[],
  lambda: Lambda,
): StepFunctions {
  const machines = new Map<string, Loaded>(
    resources.map((resource) => [resource.arn, { ...resource, machine: load(resource) }]),
  );
  const executions = new Executions();

  function find(arn: string): Loaded {
    const machine = machines.get(arn);
    if (machine === undefined) {
      throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    }
    return machine;
  }

  function start(stateMachineArn: string, input: string, name: string = randomUUID()): ExecutionRecord {
    const machine = find(stateMachineArn);
    const executionArn = executionArnOf(machine, name);
    if (executions.get(executionArn) !== undefined) {
      throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`);
    }
    const record: ExecutionRecord = {
      executionArn,
      stateMachineArn,
      name,
      startDate: new Date(),
      input: readInput(input),
      history: [],
      abort: new AbortController(),
      status: 'RUNNING',
      ended: Promise.resolve(),
    };
    executions.add(record);
    record.ended = run(machine, record);
    return record;
  }

  async function run({ machine, name, arn, roleArn }: Loaded, record: ExecutionRecord): Promise<void> {
    const { executionArn, startDate, input, history, abort } = record;
    const outcome = await runStateMachine(machine, {
      input,
      context: {
        Execution: {
          Id: executionArn,
          Name: record.name,
          StartTime: startDate.toISOString(),
          Input: input,
          RoleArn: roleArn,
        },
        StateMachine: { Id: arn, Name: name },
      },
      invoke: (resource, parameters, signal) => invoke(lambda, resource, parameters, signal),
      clock,
      random: Math.random,
      record: (event) => history.push(event),
      signal: abort.signal,
    }).catch((error: unknown): Outcome => {
      // A fault of the twin itself must not pass for one of the definition.
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { status: 'FAILED', error: 'Twin.Defect', cause };
    });
    Object.assign(record, outcome, { stopDate: new Date() });
  }

  function findExecution(request: RequestBody): ExecutionRecord {
    const arn = request.text('executionArn');
    refuseExpress(arn.includes(':express:'));
    const record = executions.get(arn);
    if (record === undefined)
      throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    return record;
  }

  const running = () => executions.list().filter(({ status }) => status === 'RUNNING');
  const idle = async () => {
    await Promise.all(running().map(({ ended }) => ended));
  };

  return {
    executions,
    start,
    operations: {
      async StartExecution(request) {
        const { executionArn, startDate } = start(
          request.text('stateMachineArn'),
          request.optionalText('input') ?? '{}',
          request.optionalText('name'),
        );
        return { executionArn, startDate: seconds(startDate) };
      },
      async StartSyncExecution(request) {
        const arn = request.text('stateMachineArn');
        if (find(arn).type !== 'EXPRESS') throw unsupportedType();
        const record = start(arn, request.optionalText('input') ?? '{}', request.optionalText('name'));
        await record.ended;
        return { ...describe(record), billingDetails: {} };
      },
      async DescribeExecution(request) {
        return describe(findExecution(request));
      },
      async StopExecution(request) {
        const record = findExecution(request);
        record.abort.abort();
        await record.ended;
        Object.assign(record, { error: request.optionalText('error'), cause: request.optionalText('cause') });
        return { stopDate: seconds(record.stopDate ?? new Date()) };
      },
      async GetExecutionHistory(request) {
        const { history } = findExecution(request);
        const events = history.map((event) => ({
          ...toHistoryEvent(event),
          timestamp: seconds(event.timestamp),
        }));
        return { events: request.flag('reverseOrder') ? events.reverse() : events };
      },
      async ListExecutions(request) {
        const machine = find(request.text('stateMachineArn'));
        refuseExpress(machine.type === 'EXPRESS');
        const status = request.optionalText('statusFilter');
        const found = executions
          .list(machine.arn)
          .filter((record) => status === undefined || record.status === status);
        return { executions: found.slice(0, request.optionalNumber('maxResults') ?? 100).map(summarize) };
      },
      async ListStateMachines() {
        const list = [...machines.values()];
        return {
          stateMachines: list.map(({ arn, name, type }) => ({
            stateMachineArn: arn,
            name,
            type,
            creationDate: 0,
          })),
        };
      },
      async DescribeStateMachine(request) {
        const { arn, name, type, definition, roleArn } = find(request.text('stateMachineArn'));
        return { stateMachineArn: arn, name, type, definition, roleArn, status: 'ACTIVE', creationDate: 0 };
      },
    },
    idle,
    async stop() {
      for (const { abort } of running()) abort.abort();
      await idle();
    },
  };
}

function load({ name, definition }: StateMachineResource): StateMachine {
  const resources = [...definition.matchAll(/"Resource"\s*:\s*"([^"]+)"/g)].map(([, resource]) => resource);
  const unknown = resources.find((resource) => resource !== LAMBDA_INVOKE);
  if (unknown !== undefined) {
    throw new Error(
      `state machine ${name}: unsupported Resource "${unknown}"; the twin supports ${LAMBDA_INVOKE}`,
    );
  }
  try {
    return loadStateMachine(definition);
  } catch (cause) {
    throw new Error(`state machine ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

const LAMBDA_INVOKE = 'arn:aws:states:::lambda:invoke';

async function invoke(
  lambda: Lambda,
  resource: string,
  parameters: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const { FunctionName, Payload } = parameters as { FunctionName: string; Payload?: unknown };
  if (resource !== LAMBDA_INVOKE) throw new Error(`unsupported resource ${resource}`);
  const { payload, functionError } = await lambda
    .invoke(FunctionName, JSON.stringify(Payload ?? {}), signal)
    .catch((error: unknown) => {
      if (error instanceof AwsError) throw new TaskError(`Lambda.${error.code}`, error.message);
      throw error;
    });
  if (functionError === undefined) {
    return { ExecutedVersion: '1', Payload: JSON.parse(payload) as unknown, StatusCode: 200 };
  }
  const { errorType = 'Lambda.Unknown' } = JSON.parse(payload) as { errorType?: string };
  // A runtime that died has no error of its own to report.
  throw new TaskError(errorType.startsWith('Runtime.') ? 'Lambda.Unknown' : errorType, payload);
}

function executionArnOf({ arn, type, name }: StateMachineResource, execution: string): string {
  const prefix = arn.slice(0, arn.indexOf(':stateMachine:'));
  return type === 'EXPRESS'
    ? `${prefix}:express:${name}:${execution}:${randomUUID()}`
    : `${prefix}:execution:${name}:${execution}`;
}

function readInput(input: string): unknown {
  if (Buffer.byteLength(input, 'utf8') > MAX_INPUT_BYTES) {
    throw new AwsError('InvalidExecutionInput', `the input exceeds ${MAX_INPUT_BYTES} bytes`);
  }
  try {
    return JSON.parse(input);
  } catch (error) {
    throw new AwsError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${String(error)}'`);
  }
}

function refuseExpress(isExpress: boolean): void {
  if (isExpress) throw unsupportedType();
}

function unsupportedType(): AwsError {
  return new AwsError(
    'StateMachineTypeNotSupported',
    'This operation is not supported by this type of state machine',
  );
}

function summarize(record: ExecutionRecord): object {
  const { executionArn, stateMachineArn, name, status, startDate, stopDate } = record;
  const times = { startDate: seconds(startDate), ...(stopDate && { stopDate: seconds(stopDate) }) };
  return { executionArn, stateMachineArn, name, status, ...times };
}

function describe(record: ExecutionRecord): object {
  const { input, output, error, cause } = record;
  return {
    ...summarize(record),
    input: JSON.stringify(input),
    ...(output !== undefined && { output: JSON.stringify(output) }),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
  };
}

/** AWS's JSON protocols write a time as seconds since 1970. */
function seconds(date: Date): number {
  return date.getTime() / 1000;
}

/** As node:timers/promises, without the price of an AbortError for every task that ends before its time-out. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
