import { randomUUID } from 'node:crypto';
import { SLICE_BYTES } from '../../outbox/read-detail.ts';
import type { FunctionResource } from '../../twin/template/function.ts';
import { claimAnswer } from '../claim-answer.ts';

/** One call of a function with about the largest amount of data that it may receive. */
export interface HeavyCall {
  readonly name: string;
  /** Name of the function. */
  readonly function: string;
  readonly payload: unknown;
}

const KB = 1_000;
const EVENTS = 200;

/** Text whose characters all become escapes: 2 bytes in the state are 6 in an answer of the Data API. */
const accented = (bytes: number) => 'é'.repeat(bytes / 2);

const event = (detailBytes: number) => ({
  eventId: randomUUID(),
  eventType: 'dish.created',
  // Half the bytes of a real detail are names, quotes and digits; the rest is text.
  detail: JSON.stringify({
    items: Array.from({ length: detailBytes / 40 }, (_, id) => ({ id, text: 'x'.repeat(15) })),
  }),
  createdAt: new Date().toISOString(),
  attempts: 1,
});
const byReference = (bytes: number) => {
  const { detail: _, ...rest } = event(0);
  return { ...rest, byReference: { bytes, version: 1 } };
};

const run = { runId: 'arn:aws:states:us-east-1:000000000000:express:outbox-processor:run' };
const leaseToken = randomUUID();
const published = () => ({ eventId: randomUUID(), eventBridgeId: randomUUID() });
const failed = () => ({
  eventId: randomUUID(),
  error: 'PublishFailed',
  cause: `InternalFailure: ${'x'.repeat(180)}`,
});

export const heavyCalls: readonly HeavyCall[] = [
  {
    name: 'claim 200 events, 240 KB of state',
    function: 'fetch-batch',
    payload: { ...run, leaseToken, firstOfRun: true },
  },
  {
    name: 'read and publish an event of 1 MB',
    function: 'publish-event',
    payload: { ...run, events: [byReference(1_000_000)] },
  },
  {
    name: 'read and publish 10 events of 48 KB',
    function: 'publish-event',
    payload: { ...run, events: Array.from({ length: 10 }, () => byReference(SLICE_BYTES)) },
  },
  {
    name: 'publish 10 events of 100 KB',
    function: 'publish-event',
    payload: { ...run, events: Array.from({ length: 10 }, () => event(100 * KB)) },
  },
  { name: 'publish an event of 1 KB', function: 'publish-event', payload: { ...run, events: [event(KB)] } },
  {
    name: 'mark 200 processed',
    function: 'mark-processed',
    payload: { ...run, outcomes: Array.from({ length: EVENTS }, published) },
  },
  {
    name: 'mark 200 failed',
    function: 'mark-failed',
    payload: { ...run, leaseToken, accepted: 0, outcomes: Array.from({ length: EVENTS }, failed) },
  },
  {
    name: 'release a batch',
    function: 'release-batch',
    payload: { ...run, leaseToken, error: 'States.Timeout', cause: 'x'.repeat(1_000) },
  },
  {
    name: 'requeue 6,000 events by id',
    function: 'requeue-events',
    payload: { ...run, request: { eventIds: Array.from({ length: 6_000 }, () => randomUUID()) } },
  },
  { name: 'verify a redrive', function: 'verify-redrive', payload: run },
  {
    name: 'look for the next of a replay',
    function: 'replay-events',
    payload: { ...run, request: { all: true, rate: 200 }, cursor: {}, settled: 0, retries: 0 },
  },
  {
    name: 'mark 200 replayed',
    function: 'mark-replayed',
    payload: { ...run, reason: null, outcomes: Array.from({ length: EVENTS }, published) },
  },
  { name: 'purge with 20 statements', function: 'purge-events', payload: run },
];

/** The answers of the stub for AWS, by statement. */
export function answerTo(request: {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}): unknown[][] {
  const { sql, parameters } = request;
  if (sql.includes('claim_outbox_events')) return claimed;
  if (sql.includes('octet_length(bytes)'))
    return (JSON.parse(String(parameters['slices'])) as Slices[]).flatMap(slicesOf);
  if (sql.includes('delete from outbox_events'))
    return [
      [
        { longValue: 10_000 },
        { booleanValue: purges.next() },
        { stringValue: '2026-11-01 00:00:00+00' },
        { doubleValue: 0 },
      ],
    ];
  // A live event is due, which a replay leaves to the processor.
  if (sql.includes('liveSince'))
    return [[{ stringValue: '2026-11-01 00:00:00+00' }, { booleanValue: false }, { booleanValue: true }]];
  if (sql.includes('delete from outbox_ordering_keys')) return [[{ longValue: 0 }, { booleanValue: false }]];
  if (sql.includes('min(processed_at)')) return [[{ longValue: 0 }, { booleanValue: false }]];
  if (sql.includes("filter (where status = 'PROCESSED')"))
    return [[...Array.from({ length: 3 }, () => ({ longValue: 0 })), { stringValue: '[]' }]];
  // The outcome of a mark: changed, failed for good, lost, locked, delay.
  return [
    [
      { longValue: EVENTS },
      { longValue: 0 },
      { stringValue: '[]' },
      { stringValue: '[]' },
      { doubleValue: 1 },
    ],
  ];
}

/** Answers 19 times that there is more to purge, and then that there is no more. */
const purges = {
  left: 0,
  next() {
    this.left = this.left === 0 ? 19 : this.left - 1;
    return this.left > 0;
  },
};

const claimed = claimAnswer(EVENTS, JSON.stringify({ text: accented(900) }));

interface Slices {
  readonly eventId: string;
  readonly first: number;
  readonly last: number;
}

const detail = Buffer.from(
  JSON.stringify({ items: Array.from({ length: 26_000 }, (__, id) => ({ id, text: 'x'.repeat(15) })) }),
).subarray(0, 1_000_000);

/** Of the large event when one is read alone, else of one that has a single slice. */
function slicesOf({ eventId, first, last }: Slices, _: number, all: readonly Slices[]): unknown[][] {
  const size = all.length === 10 ? SLICE_BYTES : detail.length;
  return Array.from({ length: last - first + 1 }, (__, index) =>
    detail.subarray((first + index) * SLICE_BYTES, Math.min(size, (first + index + 1) * SLICE_BYTES)),
  )
    .filter((slice) => slice.length > 0)
    .map((slice) => [
      { stringValue: eventId },
      { longValue: 1 },
      { longValue: size },
      { blobValue: slice.toString('base64') },
    ]);
}

/** The deployed function of a call. */
export function functionOf(call: HeavyCall, functions: readonly FunctionResource[]): FunctionResource {
  const found = functions.find(({ key }) => key === call.function);
  if (found === undefined) throw new Error(`the stack has no function ${call.function}`);
  return found;
}
