import * as z from 'zod';
import { AwsError } from '../http/aws-error.ts';

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
  logs: ['FilterLogEvents'],
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
  error: ['events', 'rds-data', 'lambda', 'states', 'logs'],
  'entry-error': ['events'],
  quota: ['events', 'rds-data', 'lambda', 'states'],
  latency: ['events', 'rds-data', 'lambda', 'states', 'logs'],
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
  logs: [],
};

/** Says which keys there are, because a misspelt one is refused. */
const keysOf = (object: string, shape: object) => ({
  error: ({ code, keys }: { readonly code?: string; readonly keys?: readonly string[] }) =>
    code === 'unrecognized_keys'
      ? `${object} has no ${keys?.join(', ')}, only ${Object.keys(shape).join(', ')}`
      : undefined,
});

const matchShape = {
  detailType: z.string().optional(),
  function: z.string().optional(),
  eventId: z.string().optional(),
  /** Part of the statement. */
  sql: z.string().min(1).optional(),
};

const ruleShape = {
  service: z.enum(['events', 'rds-data', 'lambda', 'states', 'logs']),
  operation: z.string().optional(),
  kind: z.enum(['error', 'entry-error', 'quota', 'latency', 'drop-response', 'reset-idle', 'crash']),
  /** The error's name, for the two kinds of error. */
  code: z.string().min(1).optional(),
  /** Calls a second, for a quota: the calls beyond it are throttled. By default as few as a region's PutEvents. */
  perSecond: z.int().min(1).optional(),
  /** Milliseconds, for latency. */
  ms: z.int().min(0).max(600_000).optional(),
  /** For a crash: before the function ran (default), or after it ran and before its answer. */
  when: z.enum(['before', 'after']).optional(),
  match: z.strictObject(matchShape, keysOf('match', matchShape)).optional(),
  times: z.int().min(1).optional(),
  probability: z.number().gt(0).max(1).optional(),
  seed: z.int().optional(),
};

const ruleSchema = z.strictObject(ruleShape, keysOf('a rule', ruleShape)).superRefine((rule, context) => {
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
  if (rule.perSecond !== undefined && rule.kind !== 'quota') refuse('only a quota has a perSecond');
  if ((rule.kind === 'latency') !== (rule.ms !== undefined))
    refuse(`kind ${rule.kind} ${rule.ms === undefined ? 'needs' : 'has no'} ms`);
  if (rule.when !== undefined && rule.kind !== 'crash') refuse('only a crash has a when');
  if (rule.seed !== undefined && rule.probability === undefined) refuse('a seed needs a probability');
});

export type FaultRule = z.infer<typeof ruleSchema>;

function sentenceOf({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => `${path.length === 0 ? 'the rules' : `rule ${path.join('.')}`}: ${message}`)
    .join('; ');
}

/** @throws AwsError 400 that says which rule can never match, and why */
export function readRules(given: unknown, functionKeys: readonly string[]): readonly FaultRule[] {
  const { success, data, error } = z.array(ruleSchema).safeParse(given);
  if (!success) throw new AwsError('InvalidFaultRules', sentenceOf(error));
  const unknown = data.find(
    ({ match }) => match?.function !== undefined && !functionKeys.includes(match.function),
  );
  if (unknown !== undefined) {
    throw new AwsError(
      'InvalidFaultRules',
      `no function ${unknown.match?.function}, only ${functionKeys.join(', ')}`,
    );
  }
  return data;
}
