import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { migrate } from '../../database/migrate.ts';
import { checkOwner, takeOwnership } from '../../database/owner.ts';
import { readMigrations } from '../../database/read-migrations.ts';
import { ensureRole } from '../../database/roles.ts';
import type { Batch } from '../../outbox/claim.ts';
import { createDataApi, type TransactionalDataApi } from '../../outbox/data-api.ts';
import { backoffEnvironment, coldStart, type Environment, type Invocation, invoke } from './handler.ts';
import { clientOptions } from './local-aws.ts';
import type { PartiesDatabase, Party } from './parties-database.ts';
import { startRecordingProxy } from './recording-proxy.ts';
import { type ReleasedStatement, repeatable } from './release.ts';

const runId = 'arn:aws:states:us-east-1:000000000000:express:outbox-processor:run:1';
const redriveId = 'arn:aws:states:us-east-1:000000000000:execution:outbox-redrive:1';
const replayId = 'arn:aws:states:us-east-1:000000000000:execution:outbox-replay:1';
const leaseToken = '00000000-0000-4000-8000-00000000000f';
const eventIds = [1, 2, 3, 4, 5].map((n) => `00000000-0000-7000-8000-00000000000${n}`);
const [published = '', byReference = '', permanent = '', transient = ''] = eventIds;

const INSERT = `
  insert into outbox_events (id, aggregate_type, aggregate_id, event_type, payload, trace_header, due_at)
  values (cast(:id as uuid), :aggregateType, :aggregateId, :eventType, cast(:payload as jsonb), :traceHeader, now())
  returning id`;

// Large limits, so that a slow machine gives the same result; small details travel inline and one by reference.
const environment: Environment = {
  ...backoffEnvironment,
  DATABASE_TIMEOUT_MS: '60000',
  BUS_CHECK_TIMEOUT_MS: '60000',
  PUBLISH_TIMEOUT_MS: '10000',
  BATCH_SIZE: '200',
  BATCH_MAX_STATE_BYTES: '240000',
  INLINE_PAYLOAD_BYTES: '600',
  LEASE_SECONDS: '330',
  EVENT_BUS_NAME: 'outbox',
  EVENT_SOURCE: 'outbox',
  RETENTION_DAYS: '7',
  PURGE_WORK_MS: '60000',
  REDRIVE_BATCH: '200',
  REPLAY_WORK_MS: '60000',
};

/**
 * Records every statement that the current handlers send. Each handler is called at least once, in an order in which
 * it has work to do. Needs a migrated database without events.
 */
export async function recordStatements(database: PartiesDatabase): Promise<ReleasedStatement[]> {
  const recorded: ReleasedStatement[] = [];
  let sender: { readonly sentBy: string; readonly as: Party } = { sentBy: 'migrate', as: 'owner' };
  const proxy = await startRecordingProxy(database.endpoint, (call) =>
    recorded.push({ ...sender, ...repeatable(call, database.names) }),
  );
  const client = new RDSDataClient(clientOptions(proxy.url));
  const before = { ...process.env };
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: proxy.url,
    AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
  try {
    await deployAgain(createDataApi(client, database.target('owner')), database.names);
    sender = { sentBy: 'producer', as: 'producer' };
    await insertEvents(createDataApi(client, database.target('producer')));
    const { resourceArn: CLUSTER_ARN, secretArn: SECRET_ARN, ...rest } = database.target('processor');
    const connection = { CLUSTER_ARN, SECRET_ARN, DATABASE_NAME: rest.database };
    await runHandlers(async (name, event) => {
      sender = { sentBy: name, as: 'processor' };
      return invoke(await coldStart(name, { ...environment, ...connection }), event);
    });
    return recorded;
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    client.destroy();
    await proxy.close();
  }
}

/** As `lambdas/migrate.ts` does when every migration is applied, also after a deployment that is rolled back. */
async function deployAgain(owner: TransactionalDataApi, names: PartiesDatabase['names']): Promise<void> {
  await checkOwner(owner, 'outbox');
  await migrate(owner, await readMigrations());
  await takeOwnership(owner, 'outbox');
  for (const purpose of ['processor', 'producer'] as const)
    await ensureRole(owner, { username: names[purpose], password: names[purpose] }, purpose);
}

async function insertEvents(producer: TransactionalDataApi): Promise<void> {
  for (const id of eventIds)
    await producer.query(INSERT, {
      id,
      aggregateType: 'dish',
      aggregateId: '7',
      eventType: 'dish.created',
      payload: JSON.stringify({ text: id === byReference ? 'long '.repeat(50) : 'short' }),
      traceHeader: null,
    });
}

async function runHandlers(call: (name: string, event: object) => Promise<Invocation>): Promise<void> {
  const step = async (name: string, event: object): Promise<unknown> => {
    const { result, error } = await call(name, event);
    if (error !== undefined) throw new Error(`${name} failed`, { cause: error });
    return result;
  };
  const awaited = () => ({ sentAt: Date.now(), expiresAt: Date.now() + 60_000 });

  const fetched = await step('fetch-batch', { leaseToken, runId, firstOfRun: true, ...awaited() });
  const { events } = fetched as Batch;
  if (events.length !== eventIds.length) throw new Error(`claimed ${events.length} events of 5`);
  const outcomes = [];
  for (const event of events.filter(({ eventId }) => [published, byReference].includes(eventId))) {
    await step('publish-event', { events: [event], runId, ...awaited() });
    outcomes.push({ eventId: event.eventId, eventBridgeId: 'eb-1' });
  }
  await step('mark-processed', { outcomes, runId });
  const failures = [
    { eventId: permanent, error: 'EventRejected', cause: 'MalformedDetail: refused' },
    { eventId: transient, error: 'States.Timeout', cause: '' },
  ];
  await step('mark-failed', { leaseToken, outcomes: failures, accepted: outcomes.length, runId });
  // Gives back the remaining event.
  await step('release-batch', { leaseToken, error: 'States.Timeout', cause: 'too slow', runId });
  const request = { eventType: 'dish.created' };
  await step('requeue-events', { runId: redriveId, request: { ...request, dryRun: true } });
  await step('requeue-events', { runId: redriveId, request });
  // Throws, because the redriven event is not published yet.
  await call('verify-redrive', { runId: redriveId });
  const replay = {
    runId: replayId,
    startedAt: '2999-01-01T00:00:00Z',
    request: { eventType: 'dish.created', rate: 200 },
    cursor: {},
    settled: 0,
  };
  await step('replay-events', { ...replay, request: { ...replay.request, dryRun: true } });
  // Looks only, because the redriven event goes first.
  await step('replay-events', { ...replay, retries: 0, ...awaited() });
  await step('mark-replayed', { outcomes, runId: replayId, reason: 'recorded' });
  await step('purge-events', { runId });
}
