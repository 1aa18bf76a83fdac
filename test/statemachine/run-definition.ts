import { readFileSync } from 'node:fs';
import { isObject, type Json } from '../../twin/services/step-functions/asl/json.ts';
import { loadStateMachine } from '../../twin/services/step-functions/asl/load.ts';
import {
  type Clock,
  type HistoryEvent,
  type Outcome,
  type ResumePoint,
  runStateMachine,
} from '../../twin/services/step-functions/asl/run.ts';
import { TaskError } from '../../twin/services/step-functions/asl/task-error.ts';
import { virtualClock } from '../twin/services/step-functions/asl/simulation.ts';

/** The work behind a Task: gets the payload and returns the answer. It may only spend time on the clock of the run. */
export type Step = (payload: Json, run: { readonly clock: Clock; readonly signal: AbortSignal }) => unknown;

/** Functions by the names of their files in lambdas/, and `startSyncExecution`. */
export type Steps = Readonly<Record<string, Step>>;

export interface RunOptions {
  readonly input?: Json;
  /** Events in one publish, as substituted by the stack. @default 1 */
  readonly chunkSize?: number;
  /** Seconds in which a run may begin another batch, as substituted by the stack. @default 30 */
  readonly loopSeconds?: number;
  /** Seconds for which a run lingers, as substituted by the stack. @default 0 */
  readonly lingerSeconds?: number;
  /** Seconds between two fetches of a lingering run, as substituted by the stack. @default 1 */
  readonly pollSeconds?: number;
  readonly random?: () => number;
  readonly resumeFrom?: ResumePoint;
}

export interface Call {
  readonly step: string;
  readonly payload: Json;
  /** Seconds since the run began. */
  readonly at: number;
}

export interface Ran {
  readonly outcome: Outcome;
  readonly history: readonly HistoryEvent[];
  /** Seconds on the virtual clock. */
  readonly seconds: number;
  /** Every try of this step, in order. */
  calls(step: string): readonly Call[];
  payloads(step: string): readonly Json[];
  /** How often each state was entered, in the order of the first entry. */
  readonly visits: Readonly<Record<string, number>>;
  /** The names of all errors, including those that were retried or caught. */
  readonly errors: readonly string[];
}

export const runArn = 'arn:aws:states:us-east-1:000000000000:express:machine:run-1:1';
export const processorArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:outbox-processor';

const folder = new URL('../../statemachine/', import.meta.url);

/** Runs a definition of statemachine/ unchanged: functions have the names of their files, time is virtual. */
export async function runDefinition(
  machine: string,
  steps: Steps,
  {
    input = {},
    chunkSize = 1,
    loopSeconds = 30,
    lingerSeconds = 0,
    pollSeconds = 1,
    random = () => 0.5,
    resumeFrom,
  }: RunOptions = {},
): Promise<Ran> {
  const clock = virtualClock();
  const start = clock.now();
  const settings = {
    BatchSize: 200,
    PublishConcurrency: 40,
    PublishChunkSize: chunkSize,
    LoopSeconds: loopSeconds,
    LingerSeconds: lingerSeconds,
    PollIntervalSeconds: pollSeconds,
    ProcessorArn: processorArn,
    Partition: 'aws',
  };
  const history: HistoryEvent[] = [];
  const calls: Call[] = [];
  const outcome = await runStateMachine(loadStateMachine(substituted(machine, settings)), {
    input,
    context: { Execution: { Id: runArn, Input: input, StartTime: new Date(start).toISOString() } },
    async invoke(resource, args, signal) {
      const { step, payload, answerOf } = addressed(resource, args);
      calls.push({ step, payload, at: (clock.now() - start) / 1_000 });
      const perform = steps[step];
      if (perform === undefined) throw new Error(`the test gave no step "${step}"`);
      return answerOf(overTheWire(await perform(payload, { clock, signal })));
    },
    clock,
    random,
    record: (event) => history.push(event),
    signal: new AbortController().signal,
    ...(resumeFrom && { resumeFrom }),
  });
  const callsOf = (step: string) => calls.filter((call) => call.step === step);
  return {
    outcome,
    history,
    seconds: (clock.now() - start) / 1_000,
    calls: callsOf,
    payloads: (step) => callsOf(step).map(({ payload }) => payload),
    visits: visitsIn(history),
    errors: errorsIn(history),
  };
}

/** The substitutions of the stack, except that functions have the names of their files. */
function substituted(machine: string, settings: Readonly<Record<string, number | string>>): string {
  const kebab = (name: string): string => name.replace(/(?<=.)[A-Z]/g, '-$&').toLowerCase();
  return readFileSync(new URL(`${machine}.asl.json`, folder), 'utf8').replace(
    /\$\{(\w+)\}/g,
    (placeholder, name: string) =>
      name.endsWith('FunctionArn')
        ? kebab(name.slice(0, -'FunctionArn'.length))
        : String(settings[name] ?? placeholder),
  );
}

function addressed(resource: string, args: unknown) {
  if (!isObject(args)) throw new Error(`${resource} wants an object, got ${JSON.stringify(args)}`);
  if (resource === 'arn:aws:states:::lambda:invoke')
    return { step: String(args['FunctionName']), payload: args['Payload'] as Json, answerOf: invoked };
  return { step: resource.split(':').at(-1) ?? '', payload: args, answerOf: (answer: unknown) => answer };
}

const overTheWire = (answer: unknown): unknown => JSON.parse(JSON.stringify(answer ?? null));

/** The answer of a function with everything that lambda:invoke adds to it. */
function invoked(payload: unknown): Json {
  const headers = {
    'X-Amz-Executed-Version': '$LATEST',
    'x-amzn-Remapped-Content-Length': '0',
    Connection: 'keep-alive',
    'x-amzn-RequestId': '3e1bd2cb-0b1a-4b5f-8f55-3d5c5d2f1a11',
    'Content-Length': '240000',
    Date: 'Mon, 23 Nov 2026 12:00:00 GMT',
    'X-Amzn-Trace-Id':
      'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0;lineage=1:7',
    'Content-Type': 'application/json',
  };
  const all = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return {
    ExecutedVersion: '$LATEST',
    Payload: payload,
    SdkHttpMetadata: { AllHttpHeaders: all, HttpHeaders: headers, HttpStatusCode: 200 },
    SdkResponseMetadata: { RequestId: headers['x-amzn-RequestId'] },
    StatusCode: 200,
  };
}

function visitsIn(history: readonly HistoryEvent[]): Record<string, number> {
  const visits: Record<string, number> = {};
  for (const { stateEnteredEventDetails } of history) {
    const name = stateEnteredEventDetails?.['name'];
    if (typeof name === 'string') visits[name] = (visits[name] ?? 0) + 1;
  }
  return visits;
}

/** An error appears where a Task failed, where the execution ended, and in the value that a Catch passes on. */
function errorsIn(history: readonly HistoryEvent[]): string[] {
  const details = history.flatMap((event) => Object.values(event).filter(isObject));
  return details.flatMap(({ error, input, output }) =>
    [error, ...[input, output].filter(isObject).map(({ Error: name }) => name)].filter(
      (name) => typeof name === 'string',
    ),
  );
}

/** The largest of all values that Step Functions measures: inputs, outputs, arguments, and the sum of one Assign. */
export function largestBytes({ history }: Ran): number {
  const measured = ['input', 'output', 'parameters', 'assignedVariables'];
  const values = history
    .flatMap((event) => Object.values(event).filter(isObject))
    .flatMap((details) => measured.map((name) => details[name]));
  const sizes = [...new Set(values)].map((value) => Buffer.byteLength(JSON.stringify(value ?? null)));
  return Math.max(...sizes);
}

/** An error as Step Functions reports it after a function has thrown: the cause is the JSON of the Lambda error. */
export const lambdaError = (errorType: string, errorMessage = 'why'): TaskError =>
  new TaskError(errorType, JSON.stringify({ errorType, errorMessage, trace: [] }));

export const failing =
  (error: TaskError): Step =>
  () => {
    throw error;
  };

/** Fails with these errors one after the other, then runs the step. */
export function failingFirst(errors: readonly TaskError[], step: Step): Step {
  const left = [...errors];
  return (payload, run) => {
    const error = left.shift();
    if (error !== undefined) throw error;
    return step(payload, run);
  };
}

/** Answers after this many seconds. */
export const taking =
  (seconds: number, step: Step): Step =>
  async (payload, run) => {
    await run.clock.sleep(seconds * 1_000, run.signal);
    return step(payload, run);
  };

/** Never answers: only the timeout of the state ends it. */
export const hanging: Step = () => new Promise(() => undefined);
