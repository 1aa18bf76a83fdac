import type { HistoryStep } from '../../api.ts';

export type VisitStatus = 'running' | 'retrying' | 'succeeded' | 'caught' | 'failed' | 'aborted';

/** One stay in a state. */
export interface Visit {
  readonly state: string;
  /** `Task`, `Map`, ... */
  readonly type: string;
  status: VisitStatus;
  tries: number;
  readonly failures: {
    readonly error?: string | undefined;
    readonly cause?: string | undefined;
    readonly at: string;
  }[];
  /** The iteration of the Map that it is in. */
  readonly inside: Inside | undefined;
  /** Of a Map. */
  map: { length: number; started: number; succeeded: number; failed: number } | undefined;
  readonly enteredId: number;
  readonly enteredAt: string;
  exitedId: number | undefined;
  exitedAt: string | undefined;
}

interface Inside {
  readonly map: Visit;
  readonly index: number;
  readonly around: Inside | undefined;
}

/** Where an event happened. */
interface Place {
  readonly visit: Visit | undefined;
  readonly inside: Inside | undefined;
}

export interface RunModel {
  /** In the order of their ids. */
  readonly steps: readonly HistoryStep[];
  readonly visits: readonly Visit[];
  /** The ways that were taken, as `from→to`. */
  readonly taken: ReadonlySet<string>;
  visitOf(step: HistoryStep): Visit | undefined;
  of(state: string): readonly Visit[];
}

const nowhere: Place = { visit: undefined, inside: undefined };

export const edge = (from: string | undefined, to: string): string => `${from ?? ''}→${to}`;

const isOpen = ({ status }: Visit) => status === 'running' || status === 'retrying';

/** What the history of an execution tells of its states. A part of it may be missing. */
export function runModel(steps: readonly HistoryStep[]): RunModel {
  const places = new Map<number, Place>();
  const visits: Visit[] = [];
  const byState = new Map<string, Visit[]>();
  /** Visits by the event after which they began. */
  const begun = new Map<number, Visit>();
  const taken = new Set<string>();

  const placeOf = (step: HistoryStep, before: Place): Place => {
    const { type } = step;
    if (type === 'ExecutionRedriven') return nowhere;
    if (type.endsWith('StateEntered')) return enter(step, before);
    if (type === 'MapIterationStarted') {
      const { visit, inside } = openMap(before);
      const within = visit && { map: visit, index: step.index ?? 0, around: inside };
      return { visit, inside: within };
    }
    if (/^MapState(Started|Succeeded|Failed|Exited)$/.test(type)) return openMap(before);
    // A failed evaluation follows from what its state follows from, unless more has happened there.
    const failed = type === 'EvaluationFailed' ? begun.get(step.previousEventId) : undefined;
    return failed === undefined ? before : { visit: failed, inside: failed.inside };
  };

  const enter = (step: HistoryStep, { visit: left, inside }: Place): Place => {
    const visit = openVisit(step, inside);
    visits.push(visit);
    const same = byState.get(visit.state);
    if (same === undefined) byState.set(visit.state, [visit]);
    else same.push(visit);
    begun.set(step.previousEventId, visit);
    if (left !== undefined && left !== inside?.map) taken.add(edge(left.state, visit.state));
    else if (inside === undefined) taken.add(edge(undefined, visit.state));
    return { visit, inside };
  };

  for (const step of steps) {
    const place = placeOf(step, places.get(step.previousEventId) ?? nowhere);
    places.set(step.id, place);
    if (/^Execution(Aborted|TimedOut)$/.test(step.type))
      for (const open of visits.filter(isOpen)) close(open, 'aborted', step);
    else if (/^MapIteration(Succeeded|Failed|Aborted)$/.test(step.type)) endIteration(step, place, visits);
    else if (place.visit !== undefined) happen(step, place.visit);
  }
  return {
    steps,
    visits,
    taken,
    visitOf: ({ id }) => places.get(id)?.visit,
    of: (state) => byState.get(state) ?? [],
  };
}

/** What an event changes in the visit where it happened. */
function happen({ id, type, timestamp, length, error, cause }: HistoryStep, visit: Visit): void {
  if (type === 'MapStateStarted') visit.map = { length: length ?? 0, started: 0, succeeded: 0, failed: 0 };
  else if (type === 'MapIterationStarted') {
    if (visit.map !== undefined) visit.map.started += 1;
  } else if (type === 'TaskScheduled') {
    visit.tries += 1;
    visit.status = 'running';
  } else if (/^(TaskFailed|TaskTimedOut|EvaluationFailed|MapStateFailed)$/.test(type)) {
    if (error !== undefined) visit.failures.push({ error, cause, at: timestamp });
    visit.status = 'retrying';
  } else if (type === 'TaskSucceeded') visit.status = 'running';
  else if (type.endsWith('StateExited')) {
    close(visit, visit.status === 'retrying' ? 'caught' : 'succeeded', { timestamp });
    visit.exitedId = id;
  } else if (type === 'ExecutionFailed') {
    close(visit, 'failed', { timestamp });
    if (visit.failures.length === 0) visit.failures.push({ error, cause, at: timestamp });
  }
}

/**
 * Ends an iteration of a Map. Its event comes after the last event inside it, or after the event that made another
 * iteration or the Map itself fail.
 */
function endIteration(
  { type, name, index }: HistoryStep,
  { visit, inside }: Place,
  visits: readonly Visit[],
): void {
  const map = visit?.state === name ? visit : inside?.map;
  if (map === undefined) return;
  if (type === 'MapIterationSucceeded') {
    if (map.map !== undefined) map.map.succeeded += 1;
  } else if (type === 'MapIterationFailed') {
    if (map.map !== undefined) map.map.failed += 1;
    if (visit !== undefined && visit !== map) visit.status = 'failed';
  } else {
    for (const open of visits.filter(isOpen))
      if (open.inside?.map === map && open.inside.index === index) open.status = 'aborted';
  }
}

function close(visit: Visit, status: VisitStatus, { timestamp }: Pick<HistoryStep, 'timestamp'>): void {
  visit.status = status;
  visit.exitedAt = timestamp;
}

/** The place of the Map itself: its own events follow from those inside of its iterations. */
function openMap({ visit, inside }: Place): Place {
  if (visit?.type === 'Map' && isOpen(visit)) return { visit, inside };
  return { visit: inside?.map, inside: inside?.around };
}

function openVisit({ id, name, type, timestamp }: HistoryStep, inside: Inside | undefined): Visit {
  return {
    state: name ?? '',
    type: type.replace('StateEntered', ''),
    status: 'running',
    tries: 0,
    failures: [],
    inside,
    map: undefined,
    enteredId: id,
    enteredAt: timestamp,
    exitedId: undefined,
    exitedAt: undefined,
  };
}
