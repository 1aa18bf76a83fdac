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
 * @property {{ length: number, started: number, succeeded: number, failed: number } | undefined} map
 * @property {number} enteredId
 * @property {number | undefined} exitedId
 */
export function runModel() {
  const events = [];
  /** Where each event happened: the history is a tree, and a Map's iterations grow side by side. */
  const places = new Map();
  const visits = [];
  const taken = new Set();

  function add(event) {
    const { id, previousEventId, type, timestamp } = event;
    const before = places.get(previousEventId) ?? {};
    let place = before;
    const { visit } = before;
    if (type.endsWith('StateEntered')) {
      const entered = enter(event, before);
      visits.push(entered);
      if (visit !== undefined && visit !== before.map) taken.add(edge(visit.state, event.name));
      else if (before.map === undefined) taken.add(edge(undefined, event.name));
      place = { ...before, visit: entered };
    } else if (type === 'MapStateStarted') {
      visit.map = { length: event.length ?? 0, started: 0, succeeded: 0, failed: 0 };
    } else if (type === 'MapIterationStarted') {
      visit.map.started += 1;
      place = { map: visit, visit, iteration: event.index };
    } else if (type === 'MapIterationSucceeded') before.map.map.succeeded += 1;
    else if (type === 'MapIterationFailed') {
      before.map.map.failed += 1;
      if (visit !== before.map) visit.status = 'failed';
    } else if (type === 'MapIterationAborted') {
      if (visit !== before.map) visit.status = 'aborted';
    } else if (type === 'TaskScheduled') {
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
    } else if (type === 'ExecutionRedriven') place = {};
    event.visit = place.visit;
    places.set(id, place);
    events.push(event);
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

export const edge = (from, to) => `${from ?? ''}→${to}`;

const isOpen = ({ status }) => status === 'running' || status === 'retrying';

function enter({ id, name, type, timestamp }, { iteration }) {
  return {
    state: name,
    type: type.replace('StateEntered', ''),
    status: 'running',
    tries: 0,
    failures: [],
    iteration,
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
