import type { Inputs } from './inputs.ts';

/** The duration of one call in milliseconds. */
export interface CallMs {
  /** Invoking a function, without the calls that it makes. */
  readonly lambda: number;
  readonly dataApi: number;
  readonly putEvents: number;
  /** @default 0 */
  readonly transition?: number;
  /** Serial work for one Map item, such as that of an interpreter on a single core. @default 0 */
  readonly serialItem?: number;
}

export interface Drain {
  readonly events: number;
  readonly batchSize: number;
  readonly chunkSize: number;
  /** Events of a full batch whose details travel inline; publishers read the others. @default all */
  readonly inlineEvents?: number;
  /** Concurrent Map items in every lane. */
  readonly concurrency: number;
  readonly lanes: number;
  readonly callMs: CallMs;
  /** Seconds during which a run begins batches; undefined when runs follow one another without a pause. */
  readonly loopSeconds?: number;
  /** Seconds between two ticks. @default 60 */
  readonly intervalSeconds?: number;
  /** Concurrent Map items over all lanes. @default no limit */
  readonly lambdaConcurrency?: number;
  /** PutEvents requests per second over all lanes. @default no limit */
  readonly putEventsPerSecond?: number;
  /** State transitions of a batch, without its items. @default 8 */
  readonly batchTransitions?: number;
}

/** The items of a batch: lists of events whose details travel inline, and lists whose publishers read them. */
export function itemsOf(
  events: number,
  { chunkSize, inlineEvents = events }: Pick<Drain, 'chunkSize' | 'inlineEvents'>,
) {
  const reading = Math.ceil(Math.max(0, events - inlineEvents) / chunkSize);
  return { reading, all: reading + Math.ceil(Math.min(events, inlineEvents) / chunkSize) };
}

/** The seconds that one batch of this many events takes: claim, publish in waves, mark. */
export function batchSeconds(events: number, drain: Omit<Drain, 'events'>): number {
  const { lambda, dataApi, putEvents, transition = 0, serialItem = 0 } = drain.callMs;
  const { lambdaConcurrency = Number.POSITIVE_INFINITY, batchTransitions = 8 } = drain;
  const items = itemsOf(events, drain);
  const atOnce = Math.max(1, Math.min(drain.concurrency, Math.floor(lambdaConcurrency / drain.lanes)));
  const claimAndMark = 2 * (lambda + dataApi);
  const waves = Math.ceil(items.all / atOnce) * (lambda + putEvents + transition);
  const reads = Math.ceil(items.reading / atOnce) * dataApi;
  return (claimAndMark + waves + reads + items.all * serialItem + batchTransitions * transition) / 1000;
}

/** Seconds until a backlog is published and marked when nothing fails and no other events arrive. */
export function predictDrainSeconds(drain: Drain): number {
  if (drain.events <= 0) return 0;
  const { intervalSeconds = 60, putEventsPerSecond = Number.POSITIVE_INFINITY } = drain;
  const share = Math.ceil(drain.events / drain.lanes);
  const size = Math.min(drain.batchSize, share);
  const full = Math.floor(share / size);
  const rest = share % size;
  const fullSeconds = batchSeconds(size, drain);
  const lastSeconds = rest > 0 ? batchSeconds(rest, drain) : fullSeconds;
  const batches = full + (rest > 0 ? 1 : 0);
  const perRun = drain.loopSeconds === undefined ? batches : batchesPerRun(drain.loopSeconds, fullSeconds);
  const runsBefore = Math.ceil(batches / perRun) - 1;
  const inLastRun = batches - runsBefore * perRun;
  const tick = Math.max(intervalSeconds, perRun * fullSeconds);
  const pipeline = runsBefore * tick + (inLastRun - 1) * fullSeconds + lastSeconds;
  return Math.max(pipeline, drain.events / drain.chunkSize / putEventsPerSecond);
}

/** A run begins batches until its time is up, and finishes the last one. */
export function batchesPerRun(loopSeconds: number, secondsOfBatch: number): number {
  return Math.max(1, Math.ceil(loopSeconds / secondsOfBatch));
}

/** The drain that the inputs describe. */
export function drainOf(inputs: Inputs, events: number): Drain {
  const { configuration, quotas, milliseconds, counts } = inputs;
  return {
    events,
    batchSize: configuration.batchSize,
    chunkSize: configuration.publishChunkSize,
    inlineEvents: inlineEvents(inputs),
    concurrency: configuration.concurrency,
    lanes: configuration.lanes,
    callMs: { ...milliseconds, lambda: milliseconds.lambda + milliseconds.handler },
    loopSeconds: configuration.loopSeconds,
    intervalSeconds: configuration.intervalSeconds,
    lambdaConcurrency: quotas.lambdaConcurrency,
    putEventsPerSecond: quotas.putEvents,
    batchTransitions: counts.batchTransitions,
  };
}

/** The events of a full batch whose details fit the state beside what surrounds all of them. */
export function inlineEvents({ workload, configuration, counts, quotas }: Inputs): number {
  const room = quotas.stateBytes - configuration.batchSize * counts.envelopeBytes;
  return Math.min(configuration.batchSize, Math.floor(room / workload.bytesPerEvent));
}

/** Events per second of one lane, tick after tick. */
export function laneRate(inputs: Inputs): number {
  const { loopSeconds, intervalSeconds } = inputs.configuration;
  const size = inputs.configuration.batchSize;
  const seconds = batchSeconds(size, drainOf(inputs, 0));
  const batches = batchesPerRun(loopSeconds, seconds);
  return (batches * size) / Math.max(intervalSeconds, batches * seconds);
}

export function lanesFor(inputs: Inputs): number {
  const one = laneRate({ ...inputs, configuration: { ...inputs.configuration, lanes: 1 } });
  return Math.max(1, Math.ceil(inputs.workload.eventsPerSecond / one));
}
