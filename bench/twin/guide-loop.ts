import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { createDataApi, type DataApi } from '../../outbox/data-api.ts';
import type { TwinStage } from './stage.ts';

const BATCH = 10;

// The guide's statements as Prisma writes them, through the Data API.
const FIND = `
  select "id", "aggregateId", "eventType", "payload" from "OutboxEvent"
  where "status" = 'PENDING' order by "createdAt" limit ${BATCH}`;
const CLAIM = `
  update "OutboxEvent" set "status" = 'PROCESSING'
  where "id" in (select value from jsonb_array_elements_text(cast(:ids as jsonb)))`;
const MARK = `update "OutboxEvent" set "status" = 'PROCESSED', "processedAt" = now() where "id" = :id`;

export interface GuideDrain {
  readonly events: number;
  readonly seconds: number;
}

export async function fillGuideTable(
  { pool }: TwinStage,
  events: number,
  payloadBytes: number,
): Promise<void> {
  await pool.query('drop table if exists "OutboxEvent"');
  await pool.query(`
    create table "OutboxEvent" (
      "id" text primary key, "aggregateId" text not null, "eventType" text not null, "payload" text not null,
      "status" text not null default 'PENDING',
      "createdAt" timestamp(3) not null default current_timestamp, "processedAt" timestamp(3))`);
  await pool.query(
    `insert into "OutboxEvent" ("id", "aggregateId", "eventType", "payload")
     select gen_random_uuid()::text, (n % 100)::text, 'dish.rated',
       jsonb_build_object('n', n, 'note', repeat('x', $2::int))::text
     from generate_series(1, $1::int) n`,
    [events, payloadBytes],
  );
}

/** The original guide's function, invoked again as soon as it has ended, with the same services as ours. */
export async function drainGuideTable({ twin }: TwinStage, limitSeconds: number): Promise<GuideDrain> {
  const health = (await (await fetch(`${twin.url}/_local/health`)).json()) as Readonly<
    Record<string, string>
  >;
  const options = {
    endpoint: twin.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  const rdsData = new RDSDataClient(options);
  const eventBridge = new EventBridgeClient(options);
  const { clusterArn = '', secretArn = '', database: name = '', eventBusName = '' } = health;
  const database = createDataApi(rdsData, { resourceArn: clusterArn, secretArn, database: name });
  const startedAt = performance.now();
  const elapsed = () => (performance.now() - startedAt) / 1_000;
  let events = 0;
  for (let found = 1; found > 0 && elapsed() < limitSeconds; events += found) {
    found = await handle(database, eventBridge, eventBusName);
  }
  const seconds = elapsed();
  rdsData.destroy();
  eventBridge.destroy();
  return { events, seconds };
}

async function handle(database: DataApi, eventBridge: EventBridgeClient, bus: string): Promise<number> {
  const pending = await database.query(FIND);
  if (pending.length === 0) return 0;
  await database.query(CLAIM, { ids: JSON.stringify(pending.map(([id]) => id)) });
  const outcomes = await Promise.allSettled(
    pending.map(async ([id, aggregateId, eventType, payload]) => {
      const detail = { ...(JSON.parse(String(payload)) as object), aggregateId, eventId: id };
      await eventBridge.send(
        new PutEventsCommand({
          Entries: [
            {
              EventBusName: bus,
              Source: 'bellyfed.outbox',
              DetailType: String(eventType),
              Detail: JSON.stringify(detail),
            },
          ],
        }),
      );
      await database.query(MARK, { id: String(id) });
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return pending.length;
}
