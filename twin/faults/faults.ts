import * as z from 'zod';
import { AwsError, ConnectionReset } from '../http/aws-error.ts';
import type { Caller, HeldCalls } from './held-calls.ts';

/** What a rule may name: the operations that the twin has of each service, under the names that AWS gives them. */
const services = {
  events: ['PutEvents', 'DescribeEventBus'],
  'rds-data': [
    'ExecuteStatement',
    'BatchExecuteStatement',
    'BeginTransaction',
    'CommitTransaction',
    'RollbackTransaction',
  ],
  lambda: ['Invoke'],
  states: [
    'StartExecution',
    'StartSyncExecution',
    'DescribeExecution',
    'StopExecution',
    'RedriveExecution',
    'GetExecutionHistory',
    'ListExecutions',
    'ListStateMachines',
    'DescribeStateMachine',
  ],
} as const;

/** Which kinds can happen to which service. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  error: ['events', 'rds-data', 'lambda', 'states'],
  'entry-error': ['events'],
  latency: ['events', 'rds-data', 'lambda', 'states'],
  'drop-response': ['events', 'rds-data', 'lambda'],
  'reset-idle': ['events', 'rds-data', 'states'],
  crash: ['lambda', 'states'],
};

/** What a rule may look at, by service. An execution crashes at the function that it is about to invoke. */
const matchable: Readonly<Record<string, readonly string[]>> = {
  events: ['detailType', 'eventId'],
  'rds-data': ['sql'],
  lambda: ['function', 'detailType', 'eventId'],
  states: ['function', 'detailType', 'eventId'],
};

const ruleSchema = z
  .strictObject({
    service: z.enum(['events', 'rds-data', 'lambda', 'states']),
    operation: z.string().optional(),
    kind: z.enum(['error', 'entry-error', 'latency', 'drop-response', 'reset-idle', 'crash']),
    /** The error's name, for the two kinds of error. */
    code: z.string().min(1).optional(),
    /** Milliseconds, for latency. */
    ms: z.int().min(0).max(600_000).optional(),
    /** For a crash: before the function ran (default), or after it ran and before its answer. */
    when: z.enum(['before', 'after']).optional(),
    match: z
      .strictObject({
        detailType: z.string().optional(),
        function: z.string().optional(),
        eventId: z.string().optional(),
        /** Part of the statement. */
        sql: z.string().min(1).optional(),
      })
      .optional(),
    times: z.int().min(1).optional(),
    probability: z.number().gt(0).max(1).optional(),
    seed: z.int().optional(),
  })
  .superRefine((rule, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    const operations: readonly string[] = services[rule.service];
    if (!kinds[rule.kind]?.includes(rule.service))
      refuse(`kind ${rule.kind} cannot happen to ${rule.service}, only to ${kinds[rule.kind]}`);
    if (rule.operation !== undefined && !operations.includes(rule.operation)) {
      refuse(`${rule.service} has no operation ${rule.operation}, only ${operations.join(', ')}`);
    }
    const wrong = Object.keys(rule.match ?? {}).filter((key) => !matchable[rule.service]?.includes(key));
    if (wrong.length > 0)
      refuse(`${rule.service} cannot match ${wrong.join(', ')}, only ${matchable[rule.service]}`);
    if ((rule.kind === 'error' || rule.kind === 'entry-error') !== (rule.code !== undefined))
      refuse(`kind ${rule.kind} ${rule.code === undefined ? 'needs' : 'has no'} code`);
    if ((rule.kind === 'latency') !== (rule.ms !== undefined))
      refuse(`kind ${rule.kind} ${rule.ms === undefined ? 'needs' : 'has no'} ms`);
    if (rule.when !== undefined && rule.kind !== 'crash') refuse('only a crash has a when');
    if (rule.seed !== undefined && rule.probability === undefined) refuse('a seed needs a probability');
  });

export type FaultRule = z.infer<typeof ruleSchema>;

/** A call that a rule may apply to. */
export interface Call {
  readonly service: FaultRule['service'];
  readonly operation: string;
  readonly function?: string;
  readonly sql?: string;
  readonly detailTypes?: readonly string[];
  readonly eventIds?: readonly string[];
  /** Whether the request came over a connection that had carried one before. */
  readonly onReusedConnection?: boolean;
}

export type CrashPoint = 'before' | 'after' | undefined;

/** Injected faults: which rules there are, and what they do to a call. */
export interface Faults {
  /** Replaces all rules. @throws AwsError 400 that says which rule can never match, and why */
  replace(rules: unknown): void;
  /** The rules and how often each fired. */
  list(): readonly (FaultRule & { readonly fired: number })[];
  /** Performs a call with reset, latency, error or lost answer as the rules say. */
  around<T>(call: () => Call, caller: Caller, perform: () => Promise<T>): Promise<T>;
  /** The error code for one entry of a PutEvents request. */
  entryError(call: () => Call): string | undefined;
  /** Where the process that serves this call dies. */
  crash(call: () => Call): CrashPoint;
}

interface ActiveRule {
  readonly rule: FaultRule;
  readonly random: () => number;
  fired: number;
}

export function createFaults(functionKeys: readonly string[], held: HeldCalls): Faults {
  let active: ActiveRule[] = [];

  /** The first rule of these kinds that applies to the call now; it counts as fired. */
  function fire(describe: () => Call, ...wanted: FaultRule['kind'][]): FaultRule | undefined {
    if (active.length === 0) return undefined;
    const call = describe();
    const found = active.find(
      ({ rule, fired, random }) =>
        wanted.includes(rule.kind) &&
        fired < (rule.times ?? Number.POSITIVE_INFINITY) &&
        applies(rule, call) &&
        random() < (rule.probability ?? 1),
    );
    if (found !== undefined) found.fired += 1;
    return found?.rule;
  }

  return {
    replace(rules) {
      const { success, data, error } = z.array(ruleSchema).safeParse(rules);
      if (!success) throw new AwsError('InvalidFaultRules', z.prettifyError(error));
      const unknown = data.find(
        ({ match }) => match?.function !== undefined && !functionKeys.includes(match.function),
      );
      if (unknown !== undefined) {
        throw new AwsError(
          'InvalidFaultRules',
          `no function ${unknown.match?.function}, only ${functionKeys.join(', ')}`,
        );
      }
      active = data.map((rule) => ({ rule, random: seededRandom(rule.seed ?? 1), fired: 0 }));
    },
    list: () => active.map(({ rule, fired }) => ({ ...rule, fired })),
    async around(call, caller, perform) {
      // As a connection looks that was closed while it was idle: the request reaches nobody.
      if (fire(call, 'reset-idle') !== undefined) throw new ConnectionReset();
      const latency = fire(call, 'latency');
      if (latency?.ms !== undefined) await held.hold(latency.ms, caller);
      const fault = fire(call, 'error', 'drop-response');
      if (fault?.kind === 'error')
        throw new AwsError(fault.code ?? 'InternalFailure', 'injected by a fault rule', statusOf(fault.code));
      const answer = await perform();
      if (fault?.kind === 'drop-response')
        throw new AwsError('GatewayTimeout', 'the answer was dropped by a fault rule', 504);
      return answer;
    },
    entryError: (call) => fire(call, 'entry-error')?.code,
    crash(call) {
      const rule = fire(call, 'crash');
      return rule === undefined ? undefined : (rule.when ?? 'before');
    },
  };
}

function applies({ service, operation, kind, match = {} }: FaultRule, call: Call): boolean {
  return (
    service === call.service &&
    (kind !== 'reset-idle' || call.onReusedConnection === true) &&
    (operation === undefined || operation === call.operation) &&
    (match.function === undefined || match.function === call.function) &&
    (match.detailType === undefined || call.detailTypes?.includes(match.detailType) === true) &&
    (match.eventId === undefined || call.eventIds?.includes(match.eventId) === true) &&
    (match.sql === undefined || call.sql?.toLowerCase().includes(match.sql.toLowerCase()) === true)
  );
}

/** AWS answers 5xx for what is its own fault. */
function statusOf(code = ''): number {
  if (/Internal|Unavailable|Service/.test(code)) return code.includes('DatabaseUnavailable') ? 504 : 500;
  return code.includes('AccessDenied') ? 403 : 400;
}

/** mulberry32: the same seed makes the same faults. */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
