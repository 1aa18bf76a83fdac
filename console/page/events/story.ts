import type { EventStory } from '../../api.ts';
import { duration, plural, time, upTo } from '../shell/format.ts';

/** One step in the story of an event. */
export interface Step {
  readonly status: 'success' | 'error' | 'warning' | 'in-progress' | 'pending';
  readonly title: string;
  readonly detail?: string;
  /** The run behind it. */
  readonly runArn?: string;
  /** The event that it waits for. */
  readonly eventId?: string;
}

const COUNT_LIMIT = 1_000;

/** What has happened to the event, in order, and what comes next. */
export function story(event: EventStory, now = new Date()): readonly Step[] {
  return [
    created(event, now),
    ...attempts(event),
    ...redrives(event),
    ...outage(event, now),
    ...(event.status === 'failed'
      ? [end(event, now), ...skipped(event, now)]
      : [...skipped(event, now), end(event, now)]),
    ...behind(event),
    ...replays(event, now),
  ];
}

function created({ createdAt, readyAt }: EventStory, now: Date): Step {
  const delayed = Date.parse(readyAt) > Date.parse(createdAt);
  return {
    status: 'success',
    title: `Created at ${time(createdAt, now)}`,
    ...(delayed && { detail: `Its producer delayed it until ${time(readyAt, now)}.` }),
  };
}

function attempts({ attempts: count, runArn, error, errorType, status }: EventStory): Step[] {
  if (count === 0 && runArn === null) return [];
  if (errorType === 'NotSent' && status !== 'processed')
    return [
      {
        status: 'warning',
        title: 'Claimed and given back without an attempt',
        detail: `Nothing is wrong with this event: ${error}.`,
        ...(runArn !== null && { runArn }),
      },
    ];
  const failed = errorType !== null && status !== 'processed';
  return [
    {
      status: failed ? (status === 'failed' ? 'error' : 'warning') : 'success',
      title: `Claimed, ${plural(count, 'attempt')}`,
      ...(failed && { detail: `The last one failed with ${[errorType, error].filter(Boolean).join(': ')}` }),
      ...(runArn !== null && { runArn }),
    },
  ];
}

function redrives({ redrives: count, redriveArn }: EventStory): Step[] {
  if (count === 0) return [];
  const times = count === 1 ? 'once' : `${count} times`;
  return [
    { status: 'success', title: `Redriven ${times}`, ...(redriveArn !== null && { runArn: redriveArn }) },
  ];
}

function replays({ replays: count, replayedAt, replayArn, replayReason }: EventStory, now: Date): Step[] {
  if (count === 0 || replayedAt === null) return [];
  const times = count === 1 ? 'Replayed' : `Replayed ${count} times, the last one`;
  return [
    {
      status: 'success',
      title: `${times} at ${time(replayedAt, now)}`,
      ...(replayReason !== null && { detail: replayReason }),
      ...(replayArn !== null && { runArn: replayArn }),
    },
  ];
}

function outage({ givenBackSince, status }: EventStory, now: Date): Step[] {
  if (givenBackSince === null || status === 'processed') return [];
  return [
    {
      status: 'warning',
      title: `Given back by an outage since ${time(givenBackSince, now)}`,
      detail: 'No attempt is used while the bus accepts nothing.',
    },
  ];
}

function skipped({ skippedAt, skippedBy, skipReason, status }: EventStory, now: Date): Step[] {
  if (skippedAt === null) return [];
  const later = status === 'processed' ? 'It was published' : 'A redrive publishes it';
  return [
    {
      status: 'warning',
      title: `Skipped at ${time(skippedAt, now)} by ${skippedBy ?? 'the setting orderingOnFailure'}`,
      detail: `${skipReason === null ? '' : `“${skipReason}” `}The events behind it pass. ${later} without a place in the order.`,
    },
  ];
}

function end(event: EventStory, now: Date): Step {
  const { status, processedAt, readyAt, failedAt, dueAt, eventBridgeId, waitsFor } = event;
  if (status === 'processed' && processedAt !== null) {
    const took = duration(Date.parse(processedAt) - Date.parse(readyAt));
    const entry = eventBridgeId === null ? '' : ` Its id there is ${eventBridgeId}.`;
    return {
      status: 'success',
      title: `Processed at ${time(processedAt, now)}`,
      detail: `The bus accepted it, ${took} after it was ready.${entry}`,
    };
  }
  if (status === 'failed')
    return {
      status: 'error',
      title: failedAt === null ? 'Failed' : `Failed for good at ${time(failedAt, now)}`,
      detail: 'It waits for a person: remove the cause, then redrive it. The bus has not confirmed it.',
    };
  if (status === 'processing')
    return {
      status: 'in-progress',
      title: 'A run is publishing it',
      ...(dueAt !== null && { detail: `If the run dies, the event is due again at ${time(dueAt, now)}.` }),
    };
  if (waitsFor !== null)
    return {
      status: 'pending',
      title: 'Waits for an earlier event of its key',
      detail:
        waitsFor.status === 'failed'
          ? 'That one has failed: redrive or skip it.'
          : 'It is published after that one.',
      eventId: waitsFor.eventId,
    };
  const due = dueAt === null || Date.parse(dueAt) <= now.getTime();
  return {
    status: 'pending',
    title: due ? 'Due: the next run claims it' : `Due at ${time(dueAt, now)}`,
  };
}

function behind({ waitingBehind, orderingKey, status }: EventStory): Step[] {
  if (waitingBehind === 0) return [];
  const blocked = status === 'failed' ? ' They wait until it is redriven or skipped.' : '';
  const events = waitingBehind === 1 ? '1 event waits' : `${upTo(COUNT_LIMIT, waitingBehind)} events wait`;
  return [
    {
      status: status === 'failed' ? 'warning' : 'pending',
      title: `${events} behind it`,
      detail: `With the ordering key ${orderingKey}.${blocked}`,
    },
  ];
}
