import { setTimeout as pause } from 'node:timers/promises';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { createNudge, type Nudge } from '../../outbox/nudge.ts';
import { type Options, percentile, type Section } from '../section.ts';
import { acceptedAt } from './accepted-at.ts';
import { startTwinStage, type TwinStage } from './stage.ts';
import { writeSteadily } from './steady-writer.ts';

const EVENTS_PER_SECOND = 200;
const LATENCY_MS = 15;
// Excludes the events that were late because execution environments were starting.
const WARM_UP_SECONDS = 5;

interface Way {
  readonly name: string;
  readonly context: Readonly<Record<string, string>>;
  /** Starts the trigger of the runs and returns a function that the writer calls after each commit. */
  readonly begin: (stage: TwinStage) => Promise<{ readonly nudge?: Nudge; end(): void }>;
}

const lingering = async ({ twin }: TwinStage) => {
  twin.scheduler.tick();
  return { end: () => undefined };
};

const ways: readonly Way[] = [
  {
    name: 'linger, a look a second',
    context: { publishChunkSize: '10', lingerSeconds: '60' },
    begin: lingering,
  },
  {
    name: 'linger, a look a second, one event a request',
    context: { lingerSeconds: '60' },
    begin: lingering,
  },
  {
    name: 'nudge, at most 10 a second',
    context: { publishChunkSize: '10' },
    async begin({ twin }) {
      const client = new SFNClient({
        endpoint: twin.url,
        region: 'us-east-1',
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      });
      const stateMachineArn = twin.scheduler.tick().stateMachineArn;
      const start = () =>
        client.send(new StartExecutionCommand({ stateMachineArn, input: '{"loopSeconds": 0}' }));
      const failures: unknown[] = [];
      const nudge = createNudge(start, { intervalMs: 100, onError: (error) => failures.push(error) });
      return {
        nudge,
        end() {
          client.destroy();
          if (failures.length > 0) throw failures[0];
        },
      };
    },
  },
];

/** Measures the time from the commit of an event to the bus at a steady rate, through the whole twin. */
export async function promptness({ quick, report }: Options): Promise<Section> {
  const seconds = quick ? 5 : 15;
  const rows: (string | number | null)[][] = [
    ['schedule alone, a tick a minute (computed)', null, 30_000, 59_400],
  ];
  for (const { name, context, begin } of quick ? ways.slice(-1) : ways) {
    report(`starting the twin: ${name}`);
    const stage = await startTwinStage(context);
    try {
      await stage.setLatency(LATENCY_MS);
      const { nudge, end } = await begin(stage);
      report(`${name}: ${EVENTS_PER_SECOND} events/s for ${seconds} s`);
      const written = await writeSteadily(stage.pool, {
        perSecond: EVENTS_PER_SECOND,
        seconds: WARM_UP_SECONDS + seconds,
        nudge,
      });
      await drained(stage);
      end();
      const accepted = acceptedAt(stage.twin.executions.list());
      const committed = [...written].slice(WARM_UP_SECONDS * EVENTS_PER_SECOND);
      const delays = committed.flatMap(([id, at]) => {
        const arrived = accepted.get(id);
        return arrived === undefined ? [] : [arrived - at];
      });
      rows.push([name, delays.length / committed.length, percentile(delays, 0.5), percentile(delays, 0.99)]);
    } finally {
      await stage.stop();
    }
  }
  return {
    name: 'promptness',
    title: 'From commit to bus, through the whole stack',
    method: `${EVENTS_PER_SECOND} events a second, each in a transaction of its own, for ${seconds} s; every call takes ${LATENCY_MS} ms longer. From the return of the commit to the end of the task that published.`,
    columns: ['how runs begin', 'share that arrived', 'p50 ms', 'p99 ms'],
    rows,
  };
}

/** Waits until the outbox is empty. Starts a tick when a lingering run has ended. */
async function drained({ twin, pool }: TwinStage): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query('select from outbox_events where due_at is not null limit 1');
    if (rowCount === 0) return;
    if (!twin.executions.list().some(({ status }) => status === 'RUNNING')) twin.scheduler.tick();
    await pause(100);
  }
}
