import type { FailureKind } from '../../outbox/classify-failure.ts';
import type { EventStatus } from '../../outbox/event.ts';

/** The state of an event according to the rules of the life cycle, to compare a row with. */
export interface ModelEvent {
  readonly id: string;
  /** Its place in the order of insertion. */
  readonly sequence: number;
  status: EventStatus;
  attempts: number;
  token: string | null;
  runId: string | null;
  error: string | null;
  bridgeId: string | null;
  redriveId: string | null;
  redrives: number;
  /** How long outages have given the event back: not at all, within the limit, or beyond it. */
  givenBack: 'no' | 'briefly' | 'too long';
  /** Its place in the order of due events. Undefined when it is not due now or finished. */
  due: number | undefined;
  /** The step in which it failed for good. */
  failedAt: number | undefined;
}

export interface Model {
  readonly events: ModelEvent[];
  /** Counts the steps; also the order in which events became due because time passed. */
  steps: number;
}

export const newModel = (): Model => ({ events: [], steps: 0 });

// Events that became due because time passed come before events that have been due since their insertion.
const sinceInsertion = ({ sequence }: ModelEvent): number => 1_000_000 + sequence;

export function enqueue(model: Model, ids: readonly string[]): void {
  for (const id of ids) {
    const event: ModelEvent = {
      id,
      sequence: model.events.length,
      status: 'PENDING',
      attempts: 0,
      token: null,
      runId: null,
      error: null,
      bridgeId: null,
      redriveId: null,
      redrives: 0,
      givenBack: 'no',
      due: undefined,
      failedAt: undefined,
    };
    event.due = sinceInsertion(event);
    model.events.push(event);
  }
}

/** Time passes for these events: a lease expires or a backoff ends. */
export function becomeDue({ events, steps }: Model, ids: readonly string[]): void {
  for (const event of events) if (ids.includes(event.id) && isUnfinished(event)) event.due = steps;
}

/** The outage exceeds the limit for giving events back; pending events become due. */
export function outageGoesOn({ events, steps }: Model): void {
  for (const event of events.filter(({ givenBack }) => givenBack !== 'no')) {
    event.givenBack = 'too long';
    if (event.status === 'PENDING') event.due = steps;
  }
}

export const isUnfinished = ({ status }: ModelEvent): boolean =>
  status === 'PENDING' || status === 'PROCESSING';

export const isDue = ({ due }: ModelEvent): boolean => due !== undefined;

export const isHeldBy =
  (token: string) =>
  (event: ModelEvent): boolean =>
    event.status === 'PROCESSING' && event.token === token;

interface Claim {
  readonly token: string;
  readonly runId: string;
  readonly maxEvents: number;
  readonly maxAttempts: number;
}

export function claim(model: Model, { token, runId, maxEvents, maxAttempts }: Claim) {
  const due = model.events
    .filter(isDue)
    .sort((one, other) => Number(one.due) - Number(other.due) || one.sequence - other.sequence);
  const answer = (rest: { more: boolean; failedForGood: number; reclaimed: number }) => ({
    events: model.events.filter(isHeldBy(token)).map(({ id, attempts }) => ({ id, attempts })),
    paused: false,
    ...rest,
  });
  if (model.events.some(isHeldBy(token)))
    return answer({ more: due.length > 0, failedForGood: 0, reclaimed: 0 });

  const scanned = due.slice(0, maxEvents);
  const exhausted = scanned.filter(({ attempts }) => attempts >= maxAttempts);
  const claimed = scanned.filter(({ attempts }) => attempts < maxAttempts);
  const reclaimed = claimed.filter(({ status }) => status === 'PROCESSING').length;
  for (const event of exhausted)
    failForGood(
      model,
      event,
      event.status === 'PROCESSING' ? 'LeaseExpired' : (event.error ?? 'AttemptsExhausted'),
    );
  for (const event of claimed)
    Object.assign(event, {
      status: 'PROCESSING',
      attempts: event.attempts + 1,
      token,
      runId,
      due: undefined,
    });
  return answer({ more: scanned.length === maxEvents, failedForGood: exhausted.length, reclaimed });
}

export function markProcessed(model: Model, outcomes: readonly { id: string; bridgeId: string }[]) {
  const lost: string[] = [];
  let recorded = 0;
  for (const { id, bridgeId } of outcomes) {
    const event = model.events.find((candidate) => candidate.id === id);
    if (event === undefined || event.status === 'PROCESSED') {
      if (event?.bridgeId !== bridgeId) lost.push(id);
      continue;
    }
    recorded += 1;
    Object.assign(event, {
      status: 'PROCESSED',
      bridgeId,
      error: null,
      givenBack: 'no',
      due: undefined,
      failedAt: undefined,
    });
  }
  return { recorded, failedForGood: 0, lost };
}

export function markFailed(
  model: Model,
  token: string,
  outcomes: readonly { id: string; kind: FailureKind; errorType: string }[],
  maxAttempts: number,
) {
  const lost: string[] = [];
  let [recorded, failedForGood] = [0, 0];
  for (const { id, kind, errorType } of outcomes) {
    const event = model.events.find((candidate) => candidate.id === id);
    if (event === undefined || !isHeldBy(token)(event)) {
      const recognized = event?.token === token && (event.status === 'PENDING' || event.status === 'FAILED');
      if (!recognized) lost.push(id);
      continue;
    }
    recorded += 1;
    const isGivenBack = kind === 'throttled' || (kind === 'outage' && event.givenBack !== 'too long');
    if (kind === 'outage' && event.givenBack === 'no') event.givenBack = 'briefly';
    if (kind === 'transient' || kind === 'permanent') event.givenBack = 'no';
    if (kind === 'permanent' || (!isGivenBack && event.attempts >= maxAttempts)) {
      failedForGood += 1;
      failForGood(model, event, errorType);
    } else waitAgain(event, errorType, isGivenBack ? 1 : 0);
  }
  return { recorded, failedForGood, lost };
}

export function release(model: Model, token: string, errorType: string, maxAttempts: number) {
  const held = model.events.filter(isHeldBy(token));
  const exhausted = held.filter(({ attempts }) => attempts >= maxAttempts);
  for (const event of held) event.givenBack = 'no';
  for (const event of held)
    if (exhausted.includes(event)) failForGood(model, event, errorType);
    else waitAgain(event, errorType, 0);
  return { recorded: held.length, failedForGood: exhausted.length, lost: [] };
}

interface Requeue {
  readonly redriveId: string;
  readonly limit: number;
  readonly batch: number;
  readonly matches: (event: ModelEvent) => boolean;
}

export function requeue(model: Model, { redriveId, limit, batch, matches }: Requeue) {
  const stamped = model.events.filter((event) => event.redriveId === redriveId).length;
  const taken = model.events
    .filter((event) => matches(event) && event.redriveId !== redriveId)
    .sort(byFailure)
    .slice(0, Math.min(batch, Math.max(0, limit - stamped)));
  for (const event of taken)
    Object.assign(event, {
      status: 'PENDING',
      attempts: 0,
      token: null,
      redriveId,
      redrives: event.redrives + 1,
      givenBack: 'no',
      due: sinceInsertion(event),
      failedAt: undefined,
    });
  const total = stamped + taken.length;
  return { requeued: taken.length, total, more: taken.length === batch && total < limit };
}

/** Orders by the time of failure; events that are still processing come last. */
function byFailure(one: ModelEvent, other: ModelEvent): number {
  const [first, second] = [one, other].map(({ failedAt }) => failedAt ?? Number.MAX_SAFE_INTEGER);
  return Number(first) - Number(second) || one.sequence - other.sequence;
}

function failForGood({ steps }: Model, event: ModelEvent, error: string): void {
  Object.assign(event, { status: 'FAILED', error, due: undefined, failedAt: steps });
}

function waitAgain(event: ModelEvent, error: string, attemptsBack: number): void {
  Object.assign(event, {
    status: 'PENDING',
    attempts: event.attempts - attemptsBack,
    error,
    due: undefined,
  });
}
