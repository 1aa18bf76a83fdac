import { get } from './api.js';
import { badge, setBadge } from './badge.js';
import { h, setText } from './dom.js';
import { bytes, eventStatus, number, plural, time } from './format.js';
import { block } from './inspector.js';
import { openRedrive } from './redrive.js';

/** One event's whole story: the row, the run that last claimed it, its entries on the bus. */
export function eventView(id) {
  const heading = h('h1', {}, 'Event');
  const status = badge(['idle', 'Loading']);
  const reason = h('div', {});
  const redrive = h(
    'button',
    {
      type: 'button',
      class: 'primary',
      hidden: true,
      onclick: () => openRedrive({ eventIds: [id] }, 'this event'),
    },
    'Redrive…',
  );
  const story = h('ol', { class: 'story' });
  const facts = h('dl', { class: 'facts-list' });
  const onBus = h('div', {}, h('p', { class: 'loading' }, 'Looking on the bus…'));
  const payload = h('div', {});
  const element = h(
    'div',
    {},
    h('p', {}, h('a', { href: '#/events' }, '← All events')),
    h('div', { class: 'head' }, heading, status),
    h('p', { class: 'mono muted wrap' }, id),
    reason,
    h('p', { class: 'actions' }, redrive),
    h(
      'div',
      { class: 'split' },
      h('section', { class: 'panel' }, h('h2', {}, 'What happened'), story, h('h2', {}, 'On the bus'), onBus),
      h('section', { class: 'panel' }, h('h2', {}, 'Row'), facts),
    ),
    h('section', { class: 'panel' }, payload),
  );
  let drawn;
  let searched;

  /** The bus is searched from its beginning, so only when there is news. */
  async function search(event) {
    const news = `${event.status} ${event.eventBridgeId} ${event.attempts}`;
    if (news === searched) return;
    searched = news;
    const { entries } = await get(`outbox/events/${id}/bus`);
    onBus.replaceChildren(
      entries.length === 0
        ? h('p', { class: 'muted' }, 'The bus has not accepted it.')
        : h('ol', { class: 'story' }, ...entries.map(busEntry)),
    );
    if (entries.length > 1)
      onBus.append(
        h(
          'p',
          { class: 'note' },
          `Published ${entries.length} times: delivery is at least once, consumers de-duplicate by eventId.`,
        ),
      );
  }

  return {
    element,
    title: `Event ${id.slice(0, 8)}`,
    page: 'events',
    async refresh() {
      const event = await get(`outbox/events/${encodeURIComponent(id)}`);
      const text = JSON.stringify(event);
      if (text !== drawn) {
        drawn = text;
        setText(heading, event.eventType);
        setBadge(status, eventStatus(event.status));
        redrive.hidden = event.status !== 'failed';
        const failed = event.errorType && event.status !== 'processed';
        reason.replaceChildren(...(failed ? [failure(event)] : []));
        story.replaceChildren(...steps(event).map((step) => h('li', {}, ...step)));
        facts.replaceChildren(
          ...rowFacts(event).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
        );
        if (!payload.hasChildNodes()) payload.append(block('Payload', event.payload));
      }
      await search(event);
    },
  };
}

function failure({ errorType, error }) {
  return h('div', { class: 'failure' }, h('strong', {}, errorType), h('p', {}, error ?? ''));
}

const runLink = (arn, text) => h('a', { href: `#/runs/${encodeURIComponent(arn)}` }, text);

function steps({
  status,
  createdAt,
  readyAt,
  attempts,
  redrives,
  redriveId,
  runId,
  dueAt,
  processedAt,
  failedAt,
  errorType,
}) {
  const isDue = Date.parse(dueAt) <= Date.now();
  const ends = {
    pending: [
      isDue
        ? 'Due: the next run claims it.'
        : `${attempts > 0 ? 'In backoff' : 'Delayed'} until ${time(dueAt)}.`,
    ],
    processing: [
      isDue
        ? `The lease of its run ended at ${time(dueAt)}: the next run claims it.`
        : `Processing: the lease of its run ends at ${time(dueAt)}.`,
    ],
    failed: [`Failed at ${time(failedAt)}: ${errorType ?? 'for good'}. It waits for a person.`],
    processed: [`Processed at ${time(processedAt)}.`],
  };
  return [
    [`Written at ${time(createdAt)}${readyAt > createdAt ? `, to be published from ${time(readyAt)}` : ''}.`],
    redrives > 0 && [
      `Redriven ${plural(redrives, 'time')}, `,
      runLink(redriveId, 'last by this redrive'),
      '; attempts count anew.',
    ],
    runId !== null && [`Claimed, ${plural(attempts, 'attempt')}, `, runLink(runId, 'last by this run'), '.'],
    ends[status],
  ].filter(Boolean);
}

function rowFacts(event) {
  const { aggregateType, aggregateId, sequence, attempts, redrives, eventBridgeId, traceHeader, leaseToken } =
    event;
  return [
    ['Aggregate', [aggregateType, aggregateId].filter(Boolean).join(' ')],
    ['Sequence', number(Number(sequence))],
    ['Attempts', number(attempts)],
    ['Redrives', number(redrives)],
    ['Detail', bytes(event.bytes)],
    ['Last error', event.errorType && `${event.errorType}: ${event.error ?? ''}`],
    ['EventBridge id', eventBridgeId],
    ['Lease token', leaseToken],
    ['Trace header', traceHeader],
  ].filter(([, value]) => value);
}

function busEntry({ order, DetailType, Source, EventBusName, EventId, Time }) {
  return h(
    'li',
    {},
    `Number ${number(order)} on ${EventBusName}: ${DetailType} from ${Source}, written ${time(Time)} `,
    h('span', { class: 'mono muted wrap' }, EventId),
  );
}
