import { randomUUID } from 'node:crypto';
import type { Faults } from '../../faults/faults.ts';
import { AwsError } from '../../http/aws-error.ts';
import type { Pace } from '../../pace.ts';
import type { StateMachineResource } from '../../template/state-machine.ts';
import type { Authorize } from '../iam/authorize.ts';
import type { Lambda } from '../lambda/invoke.ts';
import { describeInvocation } from '../lambda/with-invoke-faults.ts';
import { InvalidDefinition } from './asl/invalid-definition.ts';
import { loadStateMachine, type StateMachine } from './asl/load.ts';
import { type Clock, type Outcome, runStateMachine } from './asl/run.ts';
import { formatTimestamp } from './asl/timestamp.ts';
import { type ExecutionRecord, Executions } from './executions.ts';
import { createIntegrations, LAMBDA_INVOKE, payloadText, supportedResources } from './task-integrations.ts';

const MAX_INPUT_BYTES = 262_144;
const clock: Clock = { now: Date.now, sleep };

type Loaded = StateMachineResource & { readonly machine: StateMachine };

/** Runs the template's state machines. */
export interface ExecutionRunner {
  readonly stateMachines: readonly StateMachineResource[];
  readonly executions: Executions;
  find(stateMachineArn: string): StateMachineResource;
  start(stateMachineArn: string, input: string, name?: string): ExecutionRecord;
  /** Starts an Express execution and waits for its end. */
  startSync(stateMachineArn: string, input: string, name?: string): Promise<ExecutionRecord>;
  /** Continues a Standard execution from the state that did not succeed. */
  redrive(record: ExecutionRecord): void;
  /** Waits until no execution is running. */
  idle(): Promise<void>;
  /** Aborts all running executions and waits for their end. */
  stop(): Promise<void>;
}

export function createExecutionRunner(
  stateMachines: readonly StateMachineResource[],
  lambda: Lambda,
  faults: Faults,
  authorize: Authorize,
  pace: Pace,
): ExecutionRunner {
  let started = 0;
  const machines = new Map<string, Loaded>(
    stateMachines.map((resource) => [resource.arn, { ...resource, machine: load(resource) }]),
  );
  const executions = new Executions();
  const startSync = async (stateMachineArn: string, input: string, name?: string) => {
    const record = start(stateMachineArn, input, name, 'sync');
    await record.ended;
    return record;
  };
  const integrations = createIntegrations(lambda, startSync, authorize);

  function find(arn: string): Loaded {
    const machine = machines.get(arn);
    if (machine === undefined) {
      throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    }
    return machine;
  }

  function start(
    stateMachineArn: string,
    givenInput: string,
    name: string = randomUUID(),
    how: 'sync' | 'async' = 'async',
  ): ExecutionRecord {
    const machine = find(stateMachineArn);
    const executionArn = executionArnOf(machine, name);
    const input = readInput(givenInput);
    const known = executions.get(executionArn);
    if (known !== undefined) return theSame(known, input);
    const record: ExecutionRecord = {
      executionArn,
      stateMachineArn,
      name,
      sync: how === 'sync',
      startDate: new Date(),
      input,
      history: [],
      redriveCount: 0,
      abort: new AbortController(),
      status: 'RUNNING',
      ended: Promise.resolve(),
    };
    executions.add(record);
    record.ended = run(machine, record);
    return record;
  }

  async function run({ machine, name, arn, roleArn, type }: Loaded, record: ExecutionRecord): Promise<void> {
    const { executionArn, startDate, input, abort, redriveCount, sync, failedAt } = record;
    const order = ++started;
    const outcome = await runStateMachine(machine, {
      input,
      context: {
        Execution: {
          Id: executionArn,
          Name: record.name,
          StartTime: formatTimestamp(startDate.getTime()),
          Input: input,
          RoleArn: roleArn,
          ...(!sync && { RedriveCount: redriveCount }),
        },
        StateMachine: { Id: arn, Name: name },
      },
      invoke: (resource, parameters, signal) => perform(record, resource, parameters, signal),
      // A Task that starts another execution and waits for it does no work of its own.
      turn: async (resource, signal) =>
        resource === LAMBDA_INVOKE ? pace.enter(order, signal) : () => undefined,
      clock,
      random: Math.random,
      record: (event) => executions.append(record, event),
      signal: abort.signal,
      resumeFrom: failedAt,
      lastEventId: record.lastEventId,
    }).catch((error: unknown): Outcome => {
      // A defect of the twin must not look like an error of the definition.
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { status: 'FAILED', error: 'Twin.Defect', cause };
    });
    Object.assign(record, outcome, { stopDate: new Date() });
    if (type === 'EXPRESS') record.failedAt = undefined; // Express knows no redrive
    executions.end(record);
  }

  async function perform(
    { abort, stateMachineArn, name }: ExecutionRecord,
    resource: string,
    parameters: unknown,
    signal: AbortSignal,
  ): Promise<unknown> {
    const integration = integrations[resource];
    if (integration === undefined) throw new Error(`unsupported resource ${resource}`);
    const crash =
      resource === LAMBDA_INVOKE ? faults.crash(() => describeTask(lambda, parameters)) : undefined;
    if (crash === 'before') abort.abort();
    const caller = { roleArn: find(stateMachineArn).roleArn, session: name };
    const result = signal.aborted ? undefined : await integration(parameters, caller, signal);
    if (crash === 'after') abort.abort();
    return result;
  }

  const running = () => executions.list().filter(({ status }) => status === 'RUNNING');
  const idle = async () => {
    await Promise.all(running().map(({ ended }) => ended));
  };

  return {
    stateMachines,
    executions,
    find,
    start,
    startSync,
    redrive(record) {
      Object.assign(record, {
        status: 'RUNNING',
        abort: new AbortController(),
        redriveCount: record.redriveCount + 1,
        redriveDate: new Date(),
        error: undefined,
        cause: undefined,
        stopDate: undefined,
      });
      record.ended = run(find(record.stateMachineArn), record);
    },
    idle,
    async stop() {
      for (const { abort } of running()) abort.abort();
      await idle();
    },
  };
}

function load({ name, definition }: StateMachineResource): StateMachine {
  const resources = [...definition.matchAll(/"Resource"\s*:\s*"([^"]+)"/g)].map(
    ([, resource = '']) => resource,
  );
  const unknown = resources.find((resource) => !supportedResources.includes(resource));
  if (unknown !== undefined) {
    throw new Error(
      `state machine ${name}: unsupported Resource "${unknown}", only ${supportedResources.join(', ')}`,
    );
  }
  try {
    const machine = loadStateMachine(definition);
    if (machine.mistakes.length > 0) throw new InvalidDefinition(machine.mistakes.join('; '));
    return machine;
  } catch (cause) {
    throw new Error(`state machine ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** What StartExecution answers for a name that exists: for a Standard execution that still runs it is idempotent. */
function theSame(known: ExecutionRecord, input: unknown): ExecutionRecord {
  if (known.status === 'RUNNING' && JSON.stringify(known.input) === JSON.stringify(input)) return known;
  throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${known.executionArn}'`);
}

function describeTask(lambda: Lambda, parameters: unknown) {
  const { FunctionName, Payload } = parameters as { FunctionName: string; Payload?: unknown };
  const payload: unknown = JSON.parse(payloadText(Payload));
  return {
    ...describeInvocation(lambda.keyOf(FunctionName), payload),
    service: 'states',
    operation: 'StartExecution',
  } as const;
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

/**
 * Like node:timers/promises, without the cost of an AbortError for every task that ends before its timeout. Answers
 * that arrived while this thread was busy are handled first: nothing times out because a laptop slept for an hour.
 */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = () => {
      signal.removeEventListener('abort', stop);
      resolve();
    };
    const timer = setTimeout(setImmediate, ms, late);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
