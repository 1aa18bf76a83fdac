import type { Cell, Section } from '../section.ts';
import { type Alternative, container, guideAsDeployed, guideLooped } from './alternatives.ts';
import { binding, bindingQuota, ceilings } from './ceilings.ts';
import { MONTH_SECONDS, monthlyCost, total } from './cost.ts';
import { given, type Inputs } from './inputs.ts';
import {
  batchSeconds,
  drainOf,
  eventsPerBatch,
  laneRate,
  lanesFor,
  meanWaitSeconds,
  predictDrainSeconds,
} from './model.ts';

type Configuration = Partial<Inputs['configuration']>;

const CHUNKS: Configuration = { publishChunkSize: 10 };
const LINGER: Configuration = { ...CHUNKS, batchSize: 120, loopSeconds: 60, pollSeconds: 1 };

const variants: readonly (readonly [string, Configuration])[] = [
  ['defaults', {}],
  ['chunks of 10', CHUNKS],
  ['chunks of 10, linger', LINGER],
  ['chunks of 10, linger, 10 lanes', { ...LINGER, lanes: 10, cleanupIntervalSeconds: 1800 }],
];

const METHOD =
  'Computed, not measured: one formula per quota, from assumed latencies and list prices of us-east-1 without the free tier. scale.html recomputes it with yours.';

export const tables = (inputs: Inputs): Section[] => [
  speed(inputs),
  quotas(inputs),
  perMonth(inputs),
  perMillion(inputs),
  breakdown(inputs),
];

function speed(inputs: Inputs): Section {
  const backlogs = [1000, 10_000, 100_000, 1_000_000];
  const ours = variants.map(([name, configuration]): Cell[] => {
    const changed = given(inputs, { configuration });
    const size = eventsPerBatch(changed);
    return [
      name,
      size,
      batchSeconds(size, drainOf(changed, 0)),
      meanWaitSeconds(changed),
      laneRate(changed),
      binding(changed).eventsPerSecond,
      binding(changed).quota,
      ...backlogs.map((events) => predictDrainSeconds(drainOf(changed, events))),
    ];
  });
  const others = alternatives(inputs).map(({ name, rate, meanWaitSeconds: wait, ceiling }): Cell[] => [
    name,
    10,
    10 / rate,
    wait,
    rate,
    ceiling,
    null,
    ...backlogs.map((events) => events / rate),
  ]);
  return {
    name: 'scale-speed',
    title: 'How fast: the model',
    method: METHOD,
    columns: [
      'configuration',
      'events a batch',
      'batch s',
      'mean wait s',
      'one lane/s',
      'ceiling/s',
      'bound by',
      ...backlogs.map((events) => `s for ${events.toLocaleString('en-US')}`),
    ],
    rows: [...ours, ...others],
    notes: [
      'The last columns are the seconds that a backlog takes, when nothing fails. One lane is one run a tick, one function or one task.',
    ],
  };
}

function quotas(inputs: Inputs): Section {
  const columns = variants.map(([, configuration]) => ceilings(given(inputs, { configuration })));
  return {
    name: 'scale-quotas',
    title: 'Events per second that each quota lets through',
    method: `${METHOD} The lowest in a column binds.`,
    notes: [
      'No quota: state transitions of Express, requests of the Data API. Sizes instead of rates: 256 KiB of state and 1 MiB of an answer hold a batch (events a batch, above), and a run ends after 290 of its 300 seconds.',
      'A new AWS account may have 10 concurrent Lambda executions instead of 1,000: type it in.',
    ],
    columns: ['quota', 'formula', ...variants.map(([name]) => name)],
    rows: ceilings(inputs).map(({ quota, formula }, index): Cell[] => [
      quota,
      formula,
      ...columns.map((column) => column[index]?.eventsPerSecond ?? null),
    ]),
  };
}

const rates = [0, 10, 1000, 10_000];

const payers: readonly (readonly [string, Configuration])[] = [
  ...variants.slice(0, 3),
  ['chunks of 10, history without data', { ...CHUNKS, history: 1 }],
  ['chunks of 10, no history', { ...CHUNKS, history: 0 }],
];

/** With as many lanes as the rate needs; undefined where a quota says no whatever the lanes. */
function oursAt(inputs: Inputs, configuration: Configuration, eventsPerSecond: number) {
  const changed = given(inputs, { configuration, workload: { eventsPerSecond } });
  if (eventsPerSecond > bindingQuota(changed).eventsPerSecond) return undefined;
  const lanes = lanesFor(changed);
  return { lanes, cost: monthlyCost(given(changed, { configuration: { lanes } })) };
}

function alternatives(inputs: Inputs): Alternative[] {
  return [guideAsDeployed(inputs), guideLooped(inputs), container(inputs)];
}

function costRows(
  inputs: Inputs,
  ratesOfTable: readonly number[],
  divide: (rate: number) => number,
): Cell[][] {
  const ours = payers.map(([name, configuration]): Cell[] => {
    const at = ratesOfTable.map((rate) => oursAt(inputs, configuration, rate));
    return [
      name,
      ...at.map((one, index) => one && total(one.cost) / divide(ratesOfTable[index] ?? 0)).map(cell),
      at.map((one) => one?.lanes ?? '–').join(' / '),
    ];
  });
  const byRate = ratesOfTable.map((eventsPerSecond) =>
    alternatives(given(inputs, { workload: { eventsPerSecond } })),
  );
  const others = alternatives(inputs).map(({ name }, index): Cell[] => [
    name,
    ...byRate.map((found, at) => {
      const [one, rate] = [found[index], ratesOfTable[at] ?? 0];
      return one === undefined || rate > one.ceiling ? null : total(one.cost) / divide(rate);
    }),
    null,
  ]);
  return [...ours, ...others];
}

const cell = (value: number | undefined): Cell => value ?? null;

const COST_NOTES = [
  'An empty cell: that rate is beyond what it can do. Copies of the guide’s function would do more and publish events twice.',
  'Aurora is counted for everyone: whoever polls keeps it awake. An application that keeps it awake anyway pays that part once.',
  'Lanes are as many as the rate needs, in the order of the rates; the construct starts at most 10.',
  'The guide’s function reaches PostgreSQL inside a VPC, so it needs an endpoint for EventBridge; functions that speak the Data API need neither.',
];

function perMonth(inputs: Inputs): Section {
  return {
    name: 'scale-month',
    title: 'US dollars a month, by events per second',
    method: METHOD,
    columns: ['design', 'idle', '10/s', '1,000/s', '10,000/s', 'lanes'],
    rows: costRows(inputs, rates, () => 1),
    notes: COST_NOTES,
  };
}

function perMillion(inputs: Inputs): Section {
  const busy = rates.slice(1);
  const rows = costRows(inputs, busy, (rate) => (rate * MONTH_SECONDS) / 1e6);
  return {
    name: 'scale-million',
    title: 'US dollars a million events, by events per second',
    method: METHOD,
    columns: ['design', '10/s', '1,000/s', '10,000/s', 'lanes'],
    rows,
    chart: {
      kind: 'bars',
      unit: 'US dollars a million events at 1,000 a second',
      labels: rows.filter((row) => typeof row[2] === 'number').map((row) => String(row[0])),
      series: [{ name: 'USD', values: rows.flatMap((row) => (typeof row[2] === 'number' ? [row[2]] : [])) }],
    },
  };
}

function breakdown(inputs: Inputs): Section {
  const columns = payers.map(([name, configuration]) => ({
    name,
    lines: oursAt(inputs, configuration, inputs.workload.eventsPerSecond)?.cost,
  }));
  const items = monthlyCost(inputs).map(({ item }) => item);
  const millions = (inputs.workload.eventsPerSecond * MONTH_SECONDS) / 1e6;
  return {
    name: 'scale-breakdown',
    title: `US dollars a million events at ${inputs.workload.eventsPerSecond.toLocaleString('en-US')} a second, by what is paid`,
    method: METHOD,
    columns: ['paid for', ...columns.map(({ name }) => name)],
    rows: [
      ...items.map((item): Cell[] => [
        item,
        ...columns
          .map(({ lines }) => cell(lines?.find((line) => line.item === item)?.usd))
          .map(perMillionOf(millions)),
      ]),
      ['together', ...columns.map(({ lines }) => cell(lines && total(lines))).map(perMillionOf(millions))],
    ],
  };
}

const perMillionOf = (millions: number) => (value: Cell) =>
  typeof value === 'number' && millions > 0 ? value / millions : null;
