import { expect, test } from '@jest/globals';
import { binding, ceilings } from '../../bench/scale/ceilings.ts';
import { MONTH_SECONDS, monthlyCost, tiered, usage } from '../../bench/scale/cost.ts';
import { defaults, given, type Inputs } from '../../bench/scale/inputs.ts';
import { fitHistory, historyOfEvent } from '../../bench/scale/measured.ts';
import {
  batchSeconds,
  inlineEvents,
  laneRate,
  lanesFor,
  predictDrainSeconds,
} from '../../bench/scale/model.ts';

const drain = {
  events: 1000,
  batchSize: 200,
  chunkSize: 1,
  concurrency: 40,
  lanes: 1,
  callMs: { lambda: 20, dataApi: 30, putEvents: 80 },
};

// Claim 50 ms, five waves of 100 ms, mark 50 ms: 0.6 s.
test('the duration of a batch is its claim, its waves and its mark', () => {
  expect(batchSeconds(200, drain)).toBeCloseTo(0.6);
  expect(batchSeconds(201, drain)).toBeCloseTo(0.7);
  expect(batchSeconds(200, { ...drain, chunkSize: 10 })).toBeCloseTo(0.2);
});

test('state transitions and serial work add to the duration of a batch', () => {
  const callMs = { ...drain.callMs, transition: 10, serialItem: 2 };
  // 0.6 + 8 transitions + one in each of five waves + 200 items.
  expect(batchSeconds(200, { ...drain, callMs })).toBeCloseTo(0.6 + 0.08 + 0.05 + 0.4);
});

test('the duration of a drain is the sum of its batches, with a smaller last one', () => {
  expect(predictDrainSeconds(drain)).toBeCloseTo(3);
  // The last 40 events are one wave: 0.2 s.
  expect(predictDrainSeconds({ ...drain, events: 1040 })).toBeCloseTo(3.2);
  expect(predictDrainSeconds({ ...drain, events: 0 })).toBe(0);
});

test('lanes share a backlog', () => {
  expect(predictDrainSeconds({ ...drain, lanes: 5 })).toBeCloseTo(0.6);
});

test('a run that may claim no further batch leaves the rest to the next tick', () => {
  // Batches begin at 0 and 0.6 s of each tick; the fifth is the first of the third tick.
  expect(predictDrainSeconds({ ...drain, loopSeconds: 1 })).toBeCloseTo(120.6);
});

test('quotas lengthen a drain', () => {
  expect(predictDrainSeconds({ ...drain, putEventsPerSecond: 100 })).toBeCloseTo(10);
  // 20 at once instead of 40: ten waves per batch.
  expect(predictDrainSeconds({ ...drain, lambdaConcurrency: 20 })).toBeCloseTo(5 * 1.1);
});

const plain: Inputs = {
  ...defaults,
  milliseconds: { lambda: 20, handler: 0, dataApi: 30, putEvents: 80, transition: 0 },
};

test('what does not fit the state is read by its publishers', () => {
  const large = given(plain, { workload: { bytesPerEvent: 10_000 } });
  expect(inlineEvents(large)).toBe(18);
  expect(inlineEvents(given(plain, { workload: { bytesPerEvent: 500 } }))).toBe(200);
  // Claim and mark 50 ms each, five waves of 100 ms, in all of which somebody reads for 30 ms.
  expect(batchSeconds(200, { ...drain, inlineEvents: 18 })).toBeCloseTo(0.75);
  expect(batchSeconds(200, { ...drain, inlineEvents: 18, chunkSize: 10 })).toBeCloseTo(0.23);
});

test('a lane publishes the batches that it begins within its time in every tick', () => {
  const small = given(plain, { workload: { bytesPerEvent: 500, eventsPerSecond: 1000 } });
  // 30 s have room for 50 batches of 0.6 s: 10,000 events a minute.
  expect(laneRate(small)).toBeCloseTo(10_000 / 60);
  expect(lanesFor(small)).toBe(6);
  expect(binding(small).quota).toBe('runs and their Map');
});

test('larger requests raise the ceilings of PutEvents and Lambda', () => {
  const by = (inputs: Inputs) => new Map(ceilings(inputs).map((each) => [each.quota, each.eventsPerSecond]));
  const tens = given(plain, { configuration: { publishChunkSize: 10 } });
  expect(by(plain).get('PutEvents requests per second')).toBe(10_000);
  expect(by(tens).get('PutEvents requests per second')).toBe(100_000);
  // 80 ms per request of ten events, and two calls of 30 ms per batch of 200; 182 of its events are inline.
  const busy = 0.008 + 0.12 / 200;
  expect(by(tens).get('Lambda concurrent executions')).toBeCloseTo(1000 / busy);
});

test('the ceiling of the cleanup follows from its pauses and its interval', () => {
  const cleanup = (inputs: Inputs) =>
    ceilings(inputs).find(({ quota }) => quota === 'outbox-cleanup')?.eventsPerSecond;
  // A statement takes 120 ms, longer than its 30 ms call: 10,000 rows in 240 ms, for 240 s of every 3,600 s.
  expect(cleanup(plain)).toBeCloseTo(10_000 / 0.24 / 15);
  expect(cleanup(given(plain, { configuration: { cleanupIntervalSeconds: 300 } }))).toBeCloseTo(
    (10_000 / 0.24) * 0.8,
  );
  const distant = { ...plain, milliseconds: { ...plain.milliseconds, dataApi: 200 } };
  expect(cleanup(distant)).toBeCloseTo(10_000 / 0.32 / 15);
});

test('the cleanup keeps up with the runs in every configuration of the tables', () => {
  const busiest = { publishChunkSize: 10, batchSize: 120, loopSeconds: 60, pollSeconds: 1 };
  const small = { workload: { bytesPerEvent: 300 } };
  for (const configuration of [
    {},
    { publishChunkSize: 10 },
    { ...busiest, lanes: 5 },
    // The settings that the construct uses for more than five lanes.
    { ...busiest, lanes: 10, cleanupIntervalSeconds: 1800 },
  ]) {
    const [runs, cleanup] = ceilings(given(defaults, { ...small, configuration }));
    expect(cleanup?.eventsPerSecond).toBeGreaterThanOrEqual(runs?.eventsPerSecond ?? Number.NaN);
  }
});

test('the calls of a month at 10 events a second are counted', () => {
  const used = usage(given(plain, { workload: { eventsPerSecond: 10, bytesPerEvent: 500 } }));
  // 600 events per run: three batches of 200, one invocation per event and two per batch.
  const runs = MONTH_SECONDS / 60;
  expect(used.runs).toBe(runs);
  expect(used.batches).toBeCloseTo(3 * runs);
  expect(used.invocations).toBeCloseTo(606 * runs);
  // A batch of 200 × 790 bytes is five units of 32 KB, its mark of 200 × 120 bytes is one.
  expect(used.dataApiUnits).toBeCloseTo(3 * 6 * runs);
  expect(used.busySeconds).toBeCloseTo(runs * (6 * 0.03 + 600 * 0.08));
});

test('an idle month costs only the regular runs, Aurora and the fixed items', () => {
  const idle = given(plain, { workload: { eventsPerSecond: 0 } });
  const cost = new Map(monthlyCost(idle).map(({ item, usd }) => [item, usd]));
  expect(cost.get('Step Functions requests')).toBeCloseTo(0.0438);
  expect(cost.get('Data API')).toBeCloseTo(0.0438 * 0.35);
  expect(cost.get('Aurora, kept awake and used')).toBeCloseTo(43.8);
  expect(cost.get('Metrics, alarms, dashboard')).toBeCloseTo(3.6 + 2.5 + 3);
  expect(cost.get('EventBridge events')).toBe(0);
});

test('the duration of an execution is billed in units of 100 ms and 64 MB', () => {
  // 20 events per run: claim 50 ms, publish 100 ms, mark 50 ms.
  const few = given(plain, { workload: { eventsPerSecond: 20 / 60 } });
  const run = monthlyCost(few).find(({ item }) => item === 'Step Functions duration');
  expect(run?.usd).toBeCloseTo((((MONTH_SECONDS / 60) * 0.2) / 16 / 3600) * 0.06, 4);
});

test('the cost of the history depends on the log level and on the price tier', () => {
  const logs = (history: number) =>
    monthlyCost(given(defaults, { configuration: { history } })).find(({ item }) => item.startsWith('Logs,'))
      ?.usd ?? 0;
  expect(logs(2)).toBeGreaterThan(logs(1));
  expect(logs(1)).toBeGreaterThan(logs(0));
  expect(
    tiered(35, [
      [10, 0.5],
      [30, 0.25],
      [Number.POSITIVE_INFINITY, 0.1],
    ]),
  ).toBeCloseTo(5 + 5 + 0.5);
});

test('a measured history replaces the assumed one', () => {
  const section = {
    name: 'per-event',
    title: '',
    method: '',
    columns: ['events', 'log bytes'],
    rows: [
      ['defaults, 300 bytes', 7460],
      ['10 events a request, 300 bytes', 4632],
    ],
  };
  const fitted = fitHistory(defaults, section);
  expect(historyOfEvent(fitted, 1)).toBeCloseTo(7460);
  expect(historyOfEvent(fitted, 10)).toBeCloseTo(4632);
  expect(fitted.counts.itemHistoryBytes).toBeCloseTo(3142, 0);
  expect(fitHistory(defaults, undefined)).toBe(defaults);
});
