import { AwsError, ConnectionReset } from '../http/aws-error.ts';
import type { Caller } from '../http/request.ts';
import type { HeldCalls } from './held-calls.ts';
import { type FaultRule, readRules } from './rules.ts';
import { tokenBucket } from './token-bucket.ts';

/** A call that a rule may apply to. */
export interface Call {
  readonly service: FaultRule['service'];
  readonly operation: string;
  readonly function?: string;
  readonly sql?: string;
  /** Of a PutEvents request. */
  readonly entries?: readonly { readonly detailType: string | undefined; readonly detail: string }[];
  /** Of an invocation. */
  readonly payload?: unknown;
  /** Whether the request came over a connection that had carried one before. */
  readonly onReusedConnection?: boolean;
}

/** Finds the events of the application in what it sends; the twin does not know their shape. */
export interface EventReader {
  /** The events that a function's payload is about. */
  inPayload(payload: unknown): readonly { readonly id: string; readonly type?: string }[];
  /** The id of the event that a detail tells of. */
  idIn(detail: string): string | undefined;
}

const noEvents: EventReader = { inPayload: () => [], idIn: () => undefined };

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
  /** Of a quota: takes one of the calls that are left at this time, if any. */
  readonly takeCall: () => boolean;
  fired: number;
}

export function createFaults(
  functionKeys: readonly string[],
  held: HeldCalls,
  reader: EventReader = noEvents,
  now: () => number = () => performance.now(),
): Faults {
  let active: ActiveRule[] = [];

  /** The first rule of these kinds that applies to the call now; it counts as fired. */
  function fire(describe: () => Call, ...wanted: FaultRule['kind'][]): FaultRule | undefined {
    if (active.length === 0) return undefined;
    const call = describe();
    const found = active.find(
      ({ rule, fired, random, takeCall }) =>
        wanted.includes(rule.kind) &&
        fired < (rule.times ?? Number.POSITIVE_INFINITY) &&
        applies(rule, call, reader) &&
        random() < (rule.probability ?? 1) &&
        (rule.kind !== 'quota' || !takeCall()),
    );
    if (found !== undefined) found.fired += 1;
    return found?.rule;
  }

  return {
    replace(rules) {
      active = readRules(rules, functionKeys).map((rule) => ({
        rule,
        random: seededRandom(rule.seed ?? 1),
        takeCall: tokenBucket(rule.perSecond ?? 400, now),
        fired: 0,
      }));
    },
    list: () => active.map(({ rule, fired }) => ({ ...rule, fired })),
    async around(call, caller, perform) {
      // Like a connection that was closed while it was idle: the request does not reach the service.
      if (fire(call, 'reset-idle') !== undefined) throw new ConnectionReset();
      if (fire(call, 'quota') !== undefined) throw new AwsError('ThrottlingException', 'Rate exceeded', 400);
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

function applies(
  { service, operation, kind, match = {} }: FaultRule,
  call: Call,
  { inPayload, idIn }: EventReader,
): boolean {
  const events = () =>
    call.entries?.map(({ detailType: type, detail }) => ({ type, id: idIn(detail) })) ??
    inPayload(call.payload);
  return (
    service === call.service &&
    (kind !== 'reset-idle' || call.onReusedConnection === true) &&
    (operation === undefined || operation === call.operation) &&
    (match.function === undefined || match.function === call.function) &&
    (match.detailType === undefined || events().some(({ type }) => type === match.detailType)) &&
    (match.eventId === undefined || events().some(({ id }) => id === match.eventId)) &&
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
