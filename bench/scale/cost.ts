import type { Inputs } from './inputs.ts';
import { batchSeconds, drainOf, itemsOf } from './model.ts';

export interface Line {
  readonly item: string;
  readonly usd: number;
}

export const MONTH_SECONDS = 730 * 3600;
const MILLION = 1_000_000;
const GB = 1024 ** 3;
const MB = 1024 ** 2;

/** What the services count in a month of a steady workload. */
export function usage(inputs: Inputs) {
  const { workload, configuration, milliseconds, counts } = inputs;
  const { lanes, intervalSeconds, loopSeconds, pollSeconds, publishChunkSize } = configuration;
  const drain = drainOf(inputs, 0);
  const events = workload.eventsPerSecond * MONTH_SECONDS;
  const runs = (MONTH_SECONDS / intervalSeconds) * lanes;
  const perRun = events / runs;
  const emptySeconds =
    (milliseconds.lambda + milliseconds.handler + milliseconds.dataApi + 4 * milliseconds.transition) / 1000;
  const timed = pollSeconds > 0 ? Math.max(1, Math.floor(loopSeconds / (pollSeconds + emptySeconds))) : 1;
  const looksOfRun = Math.max(timed, Math.ceil(perRun / configuration.batchSize));
  // Arrivals are independent: when there are few events per fetch, some fetches find nothing.
  const batchesOfRun = looksOfRun * (1 - Math.exp(-perRun / looksOfRun));
  const batch = batchesOfRun > 0 ? perRun / batchesOfRun : 0;
  const items = itemsOf(Math.ceil(batch), drain);
  const inline = Math.min(batch, drain.inlineEvents ?? batch);
  // A detail is read as base64.
  const readBytes = (Math.min(publishChunkSize, batch - inline) * workload.bytesPerEvent * 4) / 3;
  const worked =
    batchesOfRun * batchSeconds(Math.ceil(batch), drain) + (looksOfRun - batchesOfRun) * emptySeconds;
  const looks = runs * looksOfRun;
  const batches = runs * batchesOfRun;
  const batchBytes = batch * counts.envelopeBytes + inline * workload.bytesPerEvent;
  return {
    events,
    runs,
    looks,
    batches,
    items: batches * items.all,
    inline: batches * inline,
    batchBytes,
    dataApiUnits:
      looks -
      batches +
      batches * (units(batchBytes, 32) + units(batch * 120, 32) + items.reading * units(readBytes, 32)),
    invocations: looks + batches + batches * items.all,
    runSeconds: pollSeconds > 0 ? Math.max(loopSeconds, worked) : worked,
    busySeconds:
      ((looks + batches) * (milliseconds.dataApi + milliseconds.handler) +
        batches * items.all * (milliseconds.putEvents + milliseconds.handler) +
        batches * items.reading * milliseconds.dataApi) /
      1000,
  };
}

/** Dollars per month, item by item. */
export function monthlyCost(inputs: Inputs): Line[] {
  const { workload, configuration, counts, prices } = inputs;
  const used = usage(inputs);
  // 50 MB, the definition and the data of the Map; billed in units of 64 MB and 100 ms.
  const memory = Math.ceil((50 * MB + 20_000 + used.batchBytes) / (64 * MB)) / 16;
  const gbHours = (used.runs * (Math.ceil(used.runSeconds * 10) / 10) * memory) / 3600;
  const logs = (historyBytes(inputs, used) + functionLogBytes(inputs, used)) / GB;
  return [
    { item: 'Step Functions requests', usd: (used.runs / MILLION) * prices.expressRequest },
    {
      item: 'Step Functions duration',
      usd: tiered(gbHours, [
        [1000, prices.expressGbHour1],
        [5000, prices.expressGbHour2],
        [Number.POSITIVE_INFINITY, prices.expressGbHour3],
      ]),
    },
    { item: 'Lambda requests', usd: (used.invocations / MILLION) * prices.lambdaRequest },
    { item: 'Lambda duration', usd: used.busySeconds * prices.lambdaGb * prices.lambdaGbSecond },
    { item: 'Data API', usd: (used.dataApiUnits / MILLION) * prices.dataApi },
    { item: 'EventBridge events', usd: eventBridge(inputs) },
    { item: 'Scheduler', usd: (used.runs / MILLION) * prices.scheduler },
    { item: 'Logs, mostly the history', usd: logCost(logs, prices) },
    { item: 'Logs kept', usd: logs * prices.logStorageGb },
    // A run and its functions are one trace; above one trace per second, one in 20 is recorded.
    { item: 'X-Ray', usd: (sampled(used.runs) / MILLION) * prices.trace },
    {
      item: 'Metrics, alarms, dashboard',
      usd:
        counts.customMetrics * prices.customMetric +
        counts.alarmMetrics * prices.alarmMetric +
        prices.dashboard,
    },
    { item: 'Secrets', usd: counts.secrets * prices.secret },
    {
      item: 'Aurora, kept awake and used',
      usd: aurora(inputs, counts.databaseMs, configuration.intervalSeconds, workload.eventsPerSecond),
    },
  ];
}

export const total = (lines: readonly Line[]): number => lines.reduce((sum, { usd }) => sum + usd, 0);

export function eventBridge({ workload, prices }: Inputs): number {
  const events = workload.eventsPerSecond * MONTH_SECONDS;
  return ((events * units(workload.bytesPerEvent, 64)) / MILLION) * prices.putEvents;
}

/** Polling keeps Aurora awake: it pauses only after five minutes without a query, and only if 0 ACU is allowed. */
export function aurora(inputs: Inputs, cpuMs: number, pollSeconds: number, eventsPerSecond: number): number {
  const { configuration, prices } = inputs;
  const paused = configuration.minimumAcu === 0 && pollSeconds > 300 && eventsPerSecond === 0;
  const floor = paused ? (0.5 * 300) / pollSeconds : Math.max(0.5, configuration.minimumAcu);
  const acu = Math.max(floor, ((eventsPerSecond * cpuMs) / 1000) * prices.acuPerCore);
  const io = ((eventsPerSecond * MONTH_SECONDS) / MILLION) * prices.auroraIo;
  return (acu * prices.acuHour * MONTH_SECONDS) / 3600 + io;
}

export function logCost(gigabytes: number, prices: Inputs['prices']): number {
  return tiered(gigabytes, [
    [10 * 1024, prices.logGb1],
    [30 * 1024, prices.logGb2],
    [50 * 1024, prices.logGb3],
    [Number.POSITIVE_INFINITY, prices.logGb4],
  ]);
}

/** The bytes that Step Functions logs for the runs of a month. */
export function historyBytes(
  { workload, configuration, counts }: Inputs,
  used: ReturnType<typeof usage>,
): number {
  if (configuration.history === 0) return 0;
  const entries =
    used.items * counts.itemHistoryBytes +
    used.batches * counts.batchHistoryBytes +
    used.looks * counts.lookHistoryBytes +
    used.runs * counts.runHistoryBytes;
  // Without data an entry has its type, its time and the name of the execution: about half.
  if (configuration.history === 1) return entries / 2;
  const copies = used.events * counts.envelopeBytes + used.inline * workload.bytesPerEvent;
  return entries + counts.historyCopies * copies + used.events * counts.resultHistoryBytes;
}

function functionLogBytes({ counts }: Inputs, used: ReturnType<typeof usage>): number {
  return used.invocations * counts.invocationLogBytes + (used.looks + used.batches) * counts.metricLogBytes;
}

function sampled(runs: number): number {
  const first = Math.min(runs, MONTH_SECONDS);
  return first + (runs - first) / 20;
}

function units(bytes: number, kilobytes: number): number {
  return Math.max(1, Math.ceil(bytes / (kilobytes * 1024)));
}

/** Each part of an amount at the price of its tier: [up to, price]. */
export function tiered(amount: number, tiers: readonly (readonly [number, number])[]): number {
  let from = 0;
  let usd = 0;
  for (const [upTo, price] of tiers) {
    usd += Math.max(0, Math.min(amount, upTo) - from) * price;
    from = upTo;
  }
  return usd;
}
