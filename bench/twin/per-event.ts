import { webhookEvents, writeEvents } from '../../local/sample-events.ts';
import type { ExecutionRecord } from '../../twin/services/step-functions/executions.ts';
import type { Options, Section } from '../section.ts';
import { logBytes } from './log-bytes.ts';
import { drainBacklog, fillOutbox } from './run-until.ts';
import { startTwinStage, type TwinStage } from './stage.ts';

const LIMIT_SECONDS = 60;

/** Measures the cost of one event in calls, transitions and bytes, as counted by the twin. */
export async function perEvent({ quick, report }: Options): Promise<Section> {
  const events = quick ? 600 : 2_000;
  const rows: (string | number)[][] = [];
  for (const chunkSize of [1, 10]) {
    const stage = await startTwinStage({ publishChunkSize: String(chunkSize) });
    try {
      const name = chunkSize === 1 ? 'defaults' : `${chunkSize} events a request`;
      report(`counting: ${name}`);
      rows.push([
        `${name}, 300 bytes`,
        ...(await count(stage, () => fillOutbox(stage, { events, payloadBytes: 250 }))),
      ]);
      if (quick) continue;
      rows.push([
        `${name}, webhooks of 10 KB`,
        ...(await count(stage, async () => {
          await stage.pool.query('truncate outbox_events');
          await writeEvents(stage.pool, webhookEvents(), { from: 0, count: events / 2 });
        })),
      ]);
    } finally {
      await stage.stop();
    }
  }
  return {
    name: 'per-event',
    title: 'What one event takes',
    method:
      'Counted by the twin while it drains a backlog in full batches, divided by the events. A batch has 200 events of either size; the details of small ones fit the state, most webhooks are read by their publishers. The log is what Step Functions writes at level ALL; at `errors`, a run that succeeds writes nothing.',
    columns: [
      'events',
      'Data API calls',
      'Lambda invocations',
      'PutEvents requests',
      'state transitions',
      'state bytes',
      'log bytes',
      'log bytes without data',
    ],
    rows,
  };
}

async function count({ twin, ...stage }: TwinStage, fill: () => Promise<void>): Promise<number[]> {
  await fill();
  const before = twin.counts;
  const { events, runs } = await drainBacklog({ twin, ...stage }, LIMIT_SECONDS);
  const { dataApiCalls, invocations } = twin.counts;
  const invoked = (name: string) => (invocations[name] ?? 0) - (before.invocations[name] ?? 0);
  const all = Object.keys(invocations).reduce((sum, name) => sum + invoked(name), 0);
  const each = (total: number) => total / events;
  return [
    each(dataApiCalls - before.dataApiCalls),
    each(all),
    each(invoked('publish-event')),
    each(eventsOf(runs, /StateEntered$/)),
    each(stateBytes(runs)),
    each(logBytes(runs, { data: true })),
    each(logBytes(runs, { data: false })),
  ];
}

function eventsOf(runs: readonly ExecutionRecord[], type: RegExp): number {
  return runs.reduce((sum, { history }) => sum + history.filter((event) => type.test(event.type)).length, 0);
}

/** The bytes of the inputs and outputs of states. */
function stateBytes(runs: readonly ExecutionRecord[]): number {
  const values = runs.flatMap(({ history }) =>
    history.flatMap(({ stateEnteredEventDetails, stateExitedEventDetails }) => [
      stateEnteredEventDetails,
      stateExitedEventDetails,
    ]),
  );
  return values.reduce<number>((sum, details) => {
    const { input, output } = (details ?? {}) as { input?: unknown; output?: unknown };
    return sum + Buffer.byteLength(JSON.stringify(input ?? output ?? null));
  }, 0);
}
