import type { ExecutionRecord } from '../../twin/services/step-functions/executions.ts';
import type { TwinStage } from './stage.ts';

export interface Drained {
  readonly events: number;
  readonly seconds: number;
  readonly runs: readonly ExecutionRecord[];
}

/** Starts runs one after another, those of all lanes together, until the backlog is empty or the time is up. */
export async function drainBacklog({ twin, pool }: TwinStage, limitSeconds: number): Promise<Drained> {
  const known = new Set(twin.executions.list().map(({ executionArn }) => executionArn));
  const startedAt = performance.now();
  const elapsed = () => (performance.now() - startedAt) / 1_000;
  const unfinished = async () => {
    const { rowCount } = await pool.query('select from outbox_events where due_at is not null limit 1');
    return rowCount === 1;
  };
  do {
    twin.scheduler.tick();
    await twin.settle();
  } while (elapsed() < limitSeconds && (await unfinished()));
  const seconds = elapsed();
  const runs = twin.executions.list().filter(({ executionArn }) => !known.has(executionArn));
  const published = runs.reduce(
    (sum, { output }) => sum + ((output as { published?: number } | undefined)?.published ?? 0),
    0,
  );
  return { events: published, seconds, runs };
}

/** Replaces the contents of the outbox with this many events with payloads of this size. */
export async function fillOutbox(
  { pool }: TwinStage,
  { events, payloadBytes }: { readonly events: number; readonly payloadBytes: number },
): Promise<void> {
  await pool.query('truncate outbox_events');
  await pool.query(
    `insert into outbox_events (aggregate_type, aggregate_id, event_type, payload)
     select 'dish', (n % 100)::text, 'dish.rated', jsonb_build_object('n', n, 'note', repeat('x', $2::int))
     from generate_series(1, $1::int) n`,
    [events, payloadBytes],
  );
  await pool.query('analyze outbox_events');
}
