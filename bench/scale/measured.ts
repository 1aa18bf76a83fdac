import type { Section } from '../section.ts';
import { historyBytes, usage } from './cost.ts';
import { given, type Inputs } from './inputs.ts';

const BYTES = 300;

/**
 * The inputs with the history's size from the section `per-event`. Ten events need ten items one by one and one item
 * as a request of ten: the difference of 9 items gives the bytes of an item, and the rest are the results of an event.
 */
export function fitHistory(inputs: Inputs, perEvent: Section | undefined): Inputs {
  const single = logBytes(perEvent, /^defaults, 300 bytes/);
  const tens = logBytes(perEvent, /^10 events a request, 300 bytes/);
  if (single === undefined || tens === undefined) return inputs;
  const fitted = withCounts(inputs, { itemHistoryBytes: (single - tens) / 0.9, resultHistoryBytes: 0 });
  return withCounts(fitted, { resultHistoryBytes: Math.max(0, single - historyOfEvent(fitted, 1)) });
}

/** History bytes of a small event in runs of one full batch. */
export function historyOfEvent(inputs: Inputs, publishChunkSize: number): number {
  const { batchSize, lanes, intervalSeconds } = inputs.configuration;
  const full = given(inputs, {
    workload: { eventsPerSecond: (batchSize * lanes) / intervalSeconds, bytesPerEvent: BYTES },
    configuration: { publishChunkSize, pollSeconds: 0, history: 2 },
  });
  const used = usage(full);
  return historyBytes(full, used) / used.events;
}

function withCounts(inputs: Inputs, counts: Partial<Inputs['counts']>): Inputs {
  return { ...inputs, counts: { ...inputs.counts, ...counts } };
}

function logBytes(section: Section | undefined, name: RegExp): number | undefined {
  const column = section?.columns.indexOf('log bytes') ?? -1;
  const value = section?.rows.find((row) => name.test(String(row[0])))?.[column];
  return typeof value === 'number' ? value : undefined;
}
