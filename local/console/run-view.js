import { definitionOf, get } from './api.js';
import { badge, setBadge } from './badge.js';
import { announce, h, setText } from './dom.js';
import { duration, runResult, runStatus, time } from './format.js';
import { graphView } from './graph-view.js';
import { inspector } from './inspector.js';
import { openRedrive } from './redrive.js';
import { runModel } from './run-model.js';
import { timeline } from './timeline.js';

/** One execution: its graph, its states, its time line. */
export function runView(executionArn, query) {
  const model = runModel();
  const details = inspector(executionArn);
  const events = timeline();
  const status = badge(['idle', 'Loading']);
  const heading = h('h1', {}, 'Run');
  const facts = h('span', { class: 'number' });
  const result = h('p', { class: 'result' });
  const actions = h('p', { class: 'actions' });
  const graphPanel = h('section', { class: 'panel graph-panel', 'aria-label': 'Graph' });
  const element = h(
    'div',
    {},
    h('p', {}, h('a', { href: '#/' }, '← All runs')),
    h('div', { class: 'head' }, heading, status, facts),
    result,
    h('p', { class: 'mono muted wrap' }, executionArn),
    actions,
    h('div', { class: 'split' }, graphPanel, details.element),
    events.element,
  );
  let selected = query.get('state') ?? undefined;
  let chosenVisit;
  let graph;
  let run;
  let definition;
  let drawn = false;

  async function draw() {
    graph.update(model, selected);
    events.update(model, run.startDate, selected);
    const state = selected && findState(definition, selected);
    if (!state) return details.showRun(run);
    await details.showState(selected, state, model.of(selected), chosenVisit, (visit) => {
      chosenVisit = visit;
      redraw();
    });
  }

  /** After a click. When the twin does not answer, the next look says so and draws again. */
  function redraw() {
    draw().catch(() => {
      drawn = false;
    });
  }

  function select(name) {
    selected = name === selected ? undefined : name;
    chosenVisit = undefined;
    const search = selected ? `?state=${encodeURIComponent(selected)}` : '';
    history.replaceState(undefined, '', `#/runs/${encodeURIComponent(executionArn)}${search}`);
    redraw();
  }

  return {
    element,
    title: 'Run',
    page: 'runs',
    async refresh() {
      const before = run?.status;
      const news = await get(`runs/${encodeURIComponent(executionArn)}?after=${model.lastId()}`).catch(
        (error) => {
          if (run === undefined || error.status !== 404) throw error;
        },
      );
      if (news === undefined)
        return setText(
          result,
          'The twin was restarted and has forgotten this run: this is what was seen of it.',
        );
      if (drawn && before === news.status && before !== 'RUNNING' && news.events.length === 0) return;
      drawn = false;
      run = news;
      model.add(run.events);
      definition ??= await definitionOf(run.stateMachineArn);
      if (graph === undefined) {
        graph = graphView(definition, select);
        const scroll = {
          class: 'scroll',
          tabindex: '0',
          role: 'region',
          'aria-label': 'Graph of the state machine',
        };
        graphPanel.append(h('div', scroll, graph.element));
        if (run.forgotten)
          graphPanel.prepend(h('p', { class: 'note' }, 'Its history made room for younger runs.'));
        actions.append(...links(run));
      }
      setText(heading, `${run.machine} ${run.name.slice(0, 8)}`);
      setBadge(status, runStatus(run));
      const took = duration(new Date(run.stopDate ?? Date.now()) - new Date(run.startDate));
      setText(facts, `started ${time(run.startDate)}, ${run.stopDate ? 'took' : 'running for'} ${took}`);
      setText(result, runResult(run));
      if (before === 'RUNNING' && run.status !== 'RUNNING')
        announce(`The run ${runStatus(run)[1].toLowerCase()}. ${runResult(run)}`);
      await draw();
      drawn = true;
    },
  };
}

function links({ executionArn, machine }) {
  if (!machine.endsWith('-processor')) return [];
  const href = `#/events?run=${encodeURIComponent(executionArn)}`;
  const onclick = () => openRedrive({ executionArn }, 'what failed in this run', { mayBeStopped: true });
  return [
    h('a', { href, class: 'button' }, 'Its events'),
    h('button', { type: 'button', onclick }, 'Redrive what failed in it…'),
  ];
}

function findState({ States }, name) {
  const inner = Object.values(States).flatMap(({ ItemProcessor }) => (ItemProcessor ? [ItemProcessor] : []));
  return States[name] ?? inner.map((processor) => findState(processor, name)).find(Boolean);
}
