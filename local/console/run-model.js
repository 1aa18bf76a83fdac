/**
 * What an execution's history tells of its states.
 *
 * @typedef {object} Visit one stay in a state
 * @property {string} state
 * @property {string} type
 * @property {'running' | 'retrying' | 'succeeded' | 'caught' | 'failed' | 'aborted'} status
 * @property {number} tries
 * @property {{ error?: string, cause?: string, at: string }[]} failures
 * @property {number | undefined} iteration index of the Map's item
 * @property {{ map: Visit, index: number, around: object | undefined } | undefined} inside the Map's iteration it is in
 * @property {{ length: number, started: number, succeeded: number, failed: number } | undefined} map
 * @property {number} enteredId
 * @property {number | undefined} exitedId
 */
export function runModel() {
  const events = [];
  /** Where each event happened: in which visit, and inside of which iterations. */
  const places = new Map();
  const visits = [];
  /** Visits by the event after which they began. */
  const begun = new Map();
  const taken = new Set();

  function add(event) {
    const { id, previousEventId, type, timestamp } = event;
    const place = placeOf(event, places.get(previousEventId) ?? {});
    const { visit } = place;
    if (type === 'MapStateStarted') {
      visit.map = { length: event.length ?? 0, started: 0, succeeded: 0, failed: 0 };
    } else if (type === 'MapIterationStarted') visit.map.started += 1;
    else if (/^MapIteration(Succeeded|Failed|Aborted)$/.test(type)) endIteration(event, place);
    else if (type === 'TaskScheduled') {
      visit.tries += 1;
      visit.status = 'running';
    } else if (/^(TaskFailed|TaskTimedOut|EvaluationFailed|MapStateFailed)$/.test(type)) {
      const { error, cause } = event;
      if (error !== undefined) visit.failures.push({ error, cause, at: timestamp });
      visit.status = 'retrying';
    } else if (type === 'TaskSucceeded') visit.status = 'running';
    else if (type.endsWith('StateExited')) {
      visit.status = visit.status === 'retrying' ? 'caught' : 'succeeded';
      Object.assign(visit, { exitedId: id, exitedAt: timestamp });
    } else if (type === 'ExecutionFailed' && visit !== undefined) {
      visit.status = 'failed';
      visit.exitedAt = timestamp;
      if (visit.failures.length === 0)
        visit.failures.push({ error: event.error, cause: event.cause, at: timestamp });
    } else if (/^Execution(Aborted|TimedOut)$/.test(type)) {
      for (const open of visits.filter(isOpen))
        Object.assign(open, { status: 'aborted', exitedAt: timestamp });
    }
    event.visit = visit;
    places.set(id, place);
    events.push(event);
  }

  /** Its event follows from the last one inside, or from what made another iteration, or the Map itself, fail. */
  function endIteration({ type, name, index }, { visit, inside }) {
    const map = visit.state === name ? visit : inside.map;
    if (type === 'MapIterationSucceeded') map.map.succeeded += 1;
    else if (type === 'MapIterationFailed') {
      map.map.failed += 1;
      if (visit !== map) visit.status = 'failed';
    } else {
      for (const open of visits.filter(isOpen))
        if (open.inside?.map === map && open.iteration === index) open.status = 'aborted';
    }
  }

  /** The place of an event that follows from another one at `before`. */
  function placeOf(event, before) {
    const { type, previousEventId } = event;
    if (type === 'ExecutionRedriven') return {};
    if (type.endsWith('StateEntered')) return enter(event, before);
    if (type === 'MapIterationStarted') {
      const { visit, inside } = openMap(before);
      return { visit, inside: { map: visit, index: event.index, around: inside } };
    }
    if (/^MapState(Started|Succeeded|Failed|Exited)$/.test(type)) return openMap(before);
    // A failed evaluation follows from what its state follows from, unless more has happened there.
    const failed = type === 'EvaluationFailed' ? begun.get(previousEventId) : undefined;
    return failed === undefined ? before : { visit: failed, inside: failed.inside };
  }

  function enter(event, { visit: left, inside }) {
    const visit = openVisit(event, inside);
    visits.push(visit);
    begun.set(event.previousEventId, visit);
    if (left !== undefined && left !== inside?.map) taken.add(edge(left.state, visit.state));
    else if (inside === undefined) taken.add(edge(undefined, visit.state));
    return { visit, inside };
  }

  return {
    events,
    visits,
    taken,
    lastId: () => events.at(-1)?.id ?? 0,
    add: (more) => more.forEach(add),
    of: (state) => visits.filter((visit) => visit.state === state),
  };
}

/** The place of the Map itself: its own events follow from those inside of its iterations. */
function openMap({ visit, inside }) {
  if (visit.type === 'Map' && isOpen(visit)) return { visit, inside };
  return { visit: inside.map, inside: inside.around };
}

export const edge = (from, to) => `${from ?? ''}→${to}`;

const isOpen = ({ status }) => status === 'running' || status === 'retrying';

function openVisit({ id, name, type, timestamp }, inside) {
  return {
    state: name,
    type: type.replace('StateEntered', ''),
    status: 'running',
    tries: 0,
    failures: [],
    iteration: inside?.index,
    inside,
    map: undefined,
    enteredId: id,
    enteredAt: timestamp,
    exitedId: undefined,
    exitedAt: undefined,
  };
}

const tones = {
  running: 'running',
  retrying: 'running',
  succeeded: 'ok',
  caught: 'warn',
  failed: 'bad',
  aborted: 'bad',
};
const words = {
  running: 'running',
  retrying: 'retrying',
  succeeded: 'succeeded',
  caught: 'error caught',
  failed: 'failed',
  aborted: 'stopped',
};
/** Where several have to fit one line. */
const short = { succeeded: 'ok', caught: 'caught' };
const worstFirst = ['running', 'retrying', 'failed', 'aborted', 'caught', 'succeeded'];

/** [tone, words] of one visit. */
export const visitStatus = ({ status }) => [tones[status], words[status]];

/** [tone, words] of all visits of a state together. */
export function stateStatus(visits) {
  if (visits.length === 0) return ['idle', 'not reached'];
  const counts = worstFirst
    .map((status) => [status, visits.filter((visit) => visit.status === status).length])
    .filter(([, count]) => count > 0);
  const [[worst]] = counts;
  const maps = visits.flatMap(({ map }) => map ?? []);
  if (maps.length > 0) {
    const [length, started, succeeded, failed] = ['length', 'started', 'succeeded', 'failed'].map((count) =>
      maps.reduce((sum, map) => sum + map[count], 0),
    );
    const running = counts.some(([status]) => status === 'running') ? started - succeeded - failed : 0;
    const parts = [
      `${succeeded} of ${length} done`,
      running > 0 && `${running} running`,
      failed > 0 && `${failed} failed`,
    ];
    return [tones[worst], parts.filter(Boolean).join(', ')];
  }
  if (visits.length === 1) {
    const [{ tries }] = visits;
    return [tones[worst], words[worst] + (tries > 1 ? `, ${tries} tries` : '')];
  }
  return [
    tones[worst],
    counts.map(([status, count]) => `${count} ${short[status] ?? words[status]}`).join(', '),
  ];
}
