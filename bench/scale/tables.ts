import type { Cell, Section } from '../section.ts';
import { bindingQuota, ceilings } from './ceilings.ts';
import { MONTH_SECONDS, monthlyCost, total } from './cost.ts';
import { given, type Inputs } from './inputs.ts';
import { lanesFor } from './model.ts';

type Configuration = Partial<Inputs['configuration']>;

const CHUNKS: Configuration = { publishChunkSize: 10 };
const LINGER: Configuration = { ...CHUNKS, batchSize: 120, loopSeconds: 60, pollSeconds: 1 };

const variants: readonly (readonly [string, Configuration])[] = [
  ['defaults', {}],
  ['chunks of 10', CHUNKS],
  ['chunks of 10, linger', LINGER],
];

const METHOD =
  'Computed, not measured: one formula per quota, from assumed latencies and list prices of us-east-1 without the free tier (bench/scale/inputs.ts).';

export const tables = (inputs: Inputs): Section[] => [quotas(inputs), prices(inputs)];

function quotas(inputs: Inputs): Section {
  const busiest: Configuration = { ...LINGER, lanes: 10, cleanupIntervalSeconds: 1800 };
  const columns = [...variants, ['chunks of 10, linger, 10 lanes', busiest] as const].map(
    ([name, configuration]) => ({ name, ceilings: ceilings(given(inputs, { configuration })) }),
  );
  return {
    name: 'scale-quotas',
    title: 'Events per second that each quota lets through',
    method: `${METHOD} The lowest in a column binds.`,
    notes: [
      'No quota: state transitions of Express, requests of the Data API. Sizes instead of rates: 256 KiB of state and 1 MiB of an answer hold a batch, and a run ends after 290 of its 300 seconds.',
      'A new AWS account may have 10 concurrent Lambda executions instead of 1,000.',
    ],
    columns: ['quota', 'formula', ...columns.map(({ name }) => name)],
    rows: ceilings(inputs).map(({ quota, formula }, index): Cell[] => [
      quota,
      formula,
      ...columns.map((column) => column.ceilings[index]?.eventsPerSecond ?? null),
    ]),
  };
}

function prices(inputs: Inputs): Section {
  const rate = inputs.workload.eventsPerSecond;
  const perMillion = (usd: number | undefined): Cell =>
    usd === undefined ? null : (usd * 1e6) / (rate * MONTH_SECONDS);
  const payers = [
    ...variants,
    ['chunks of 10, history without data', { ...CHUNKS, history: 1 }] as const,
    ['chunks of 10, no history', { ...CHUNKS, history: 0 }] as const,
  ].map(([name, configuration]) => ({ name, lines: costOf(inputs, configuration) }));
  return {
    name: 'scale-price',
    title: `US dollars a million events at ${rate.toLocaleString('en-US')} a second`,
    method: METHOD,
    columns: ['paid for', ...payers.map(({ name }) => name)],
    rows: [
      ...monthlyCost(inputs).map(({ item }): Cell[] => [
        item,
        ...payers.map(({ lines }) => perMillion(lines?.find((line) => line.item === item)?.usd)),
      ]),
      ['together', ...payers.map(({ lines }) => perMillion(lines && total(lines)))],
    ],
  };
}

/** With as many lanes as the rate needs; undefined when another quota does not allow the rate. */
function costOf(inputs: Inputs, configuration: Configuration) {
  const changed = given(inputs, { configuration });
  if (inputs.workload.eventsPerSecond > bindingQuota(changed).eventsPerSecond) return undefined;
  return monthlyCost(given(changed, { configuration: { lanes: lanesFor(changed) } }));
}
