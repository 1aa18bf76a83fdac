import { predictDrainSeconds } from '../scale/model.ts';
import { median, type Options, type Section } from '../section.ts';
import { drainGuideTable, fillGuideTable } from './guide-loop.ts';
import { drainBacklog, fillOutbox } from './run-until.ts';
import { startTwinStage, type TwinStage } from './stage.ts';

const PAYLOAD_BYTES = 250;

interface Measured {
  readonly events: number;
  readonly seconds: number;
}

interface Contender {
  readonly name: string;
  readonly context: Readonly<Record<string, string>>;
  readonly drain: (stage: TwinStage, events: number, limitSeconds: number) => Promise<Measured>;
  /** The parameters for the scale model; undefined when the model does not cover the contender. */
  readonly model?: { readonly chunkSize: number; readonly lanes: number };
}

const ours = async (stage: TwinStage, events: number, limitSeconds: number): Promise<Measured> => {
  await fillOutbox(stage, { events, payloadBytes: PAYLOAD_BYTES });
  return drainBacklog(stage, limitSeconds);
};

const contenders: readonly Contender[] = [
  {
    name: 'the original guide, looped',
    context: {},
    async drain(stage, events, limitSeconds) {
      await fillGuideTable(stage, events, PAYLOAD_BYTES);
      return drainGuideTable(stage, limitSeconds);
    },
  },
  { name: 'ours, defaults', context: {}, drain: ours, model: { chunkSize: 1, lanes: 1 } },
  {
    name: 'ours, 10 events a request',
    context: { publishChunkSize: '10' },
    drain: ours,
    model: { chunkSize: 10, lanes: 1 },
  },
  {
    name: 'ours, 10 events a request, 4 lanes',
    context: { publishChunkSize: '10', lanes: '4' },
    drain: ours,
    model: { chunkSize: 10, lanes: 4 },
  },
];

const forQuick = contenders.filter(
  ({ model }) => model === undefined || (model.chunkSize > 1 && model.lanes === 1),
);

/** Measures the whole twin, and the guide's algorithm on the same twin. */
export async function twinDrain({ quick, report }: Options): Promise<Section> {
  const chosen = quick ? forQuick : contenders;
  const latencies = [100, 0];
  const rounds = quick ? 1 : 3;
  const limitSeconds = quick ? 5 : 8;
  const rates = new Map<string, number[]>();
  const stages: TwinStage[] = [];
  try {
    for (const { name, context } of chosen) {
      report(`starting the twin: ${name}`);
      const stage = await startTwinStage(context);
      stages.push(stage);
      await warmUp(stage);
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const ms of latencies) {
        for (const [index, { name, drain }] of chosen.entries()) {
          report(`${name}, ${ms} ms a call, round ${round} of ${rounds}`);
          const stage = stages[index];
          if (stage === undefined) continue;
          await stage.setLatency(ms);
          const { events, seconds } = await drain(stage, quick ? 800 : 2_000, limitSeconds);
          const key = `${name} ${ms}`;
          rates.set(key, [...(rates.get(key) ?? []), events / seconds]);
        }
      }
    }
  } finally {
    for (const stage of stages) await stage.stop();
  }
  const rate = (name: string, ms: number) => median(rates.get(`${name} ${ms}`) ?? []);
  const guide = contenders[0]?.name ?? '';
  return {
    name: 'twin',
    title: 'Draining through the whole stack',
    method: `The synthesized template in the local twin: Step Functions interpreter, bundled handlers, SDKs over HTTP, Data API, PostgreSQL. Every call of a function, a statement or a request takes 100 ms longer in the first columns, so that the critical path decides and not this machine's CPU; ours also waits for its invocations, which the guide's loop does not. The prediction is the model's waits and, one after the other, the machine's own work as measured at 0 ms. One tick at a time, the next as soon as the last run has ended. Median of ${rounds}, at most ${limitSeconds} s each.`,
    columns: [
      'contender',
      'events/s @100 ms',
      'spread',
      'x the guide',
      'predicted by the scale model',
      'events/s @0 ms',
      'x the guide @0 ms',
    ],
    rows: chosen.map(({ name, model }) => {
      const values = rates.get(`${name} 100`) ?? [];
      return [
        name,
        rate(name, 100),
        `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`,
        rate(name, 100) / rate(guide, 100),
        model === undefined ? null : predicted(model, quick ? 800 : 2_000, rate(name, 0)),
        rate(name, 0),
        rate(name, 0) / rate(guide, 0),
      ];
    }),
    chart: {
      kind: 'bars',
      unit: 'events/s at 100 ms a call',
      labels: chosen.map(({ name }) => name),
      series: [{ name: 'events/s', values: chosen.map(({ name }) => rate(name, 100)) }],
    },
  };
}

/** Drains backlogs with a latency, so that no execution environment has to start during the measurement. */
async function warmUp(stage: TwinStage): Promise<void> {
  await stage.setLatency(100);
  for (let round = 0; round < 3; round += 1) await ours(stage, 800, 5);
}

/**
 * The rate in events per second that the scale model predicts with 100 ms per call. The model knows the waits; the
 * machine's own work is what a drain without them takes.
 */
function predicted(
  { chunkSize, lanes }: { chunkSize: number; lanes: number },
  events: number,
  rateWithoutWaits: number,
): number {
  const callMs = { lambda: 100, dataApi: 100, putEvents: 100 };
  const drain = { events, batchSize: 200, chunkSize, concurrency: 40, lanes, callMs };
  return events / (predictDrainSeconds(drain) + events / rateWithoutWaits);
}
