import { randomUUID } from 'node:crypto';
import { StartSyncExecutionCommand } from '@aws-sdk/client-sfn';
import { RowReader } from '../../outbox/row-reader.ts';
import type { Context } from '../context.ts';
import { readRun, strayStepsOf } from '../logged-run.ts';
import { eventType } from '../own-rows.ts';
import type { Observation, Scenario } from '../scenario.ts';
import { pathOf, time, untilEnded, untilHistory } from '../standard-history.ts';
import { runProcessor } from './runs.ts';

interface State {
  readonly status: string;
  readonly errorType: string;
  readonly attempts: number;
  readonly redrives: number;
  readonly runId: string;
  readonly onBus: boolean;
}

async function read({ database }: Context, id: string): Promise<State | undefined> {
  const [row] = await database().query(
    `select status, coalesce(last_error_type, ''), attempts, redrives, coalesce(run_id, ''), event_bridge_id is not null
     from outbox_events where id = cast(:id as uuid)`,
    { id },
  );
  if (row === undefined) return undefined;
  const of = new RowReader(row);
  return {
    status: of.text(0),
    errorType: of.text(1),
    attempts: of.number(2),
    redrives: of.number(3),
    runId: of.text(4),
    onBus: of.boolean(5),
  };
}

/** Changes an event of this program while no run has claimed it. */
async function change({ database }: Context, id: string, set: string, parameters = {}): Promise<void> {
  const changed = await database().query(
    `update outbox_events set ${set} where id = cast(:id as uuid) and status = 'PENDING' returning cast(id as text)`,
    { id, ...parameters },
  );
  if (changed.length === 0) throw new Error(`the event ${id} is no longer pending: who took it?`);
}

/** Runs the processor until the event has this status, whichever run causes it. */
const untilIs = (context: Context, id: string, status: string): Promise<State> =>
  context.until(async () => {
    await runProcessor(context);
    const state = await read(context, id);
    return state?.status === status ? state : undefined;
  });

/** The states of the run that claimed the event, in the order of their first entry. */
async function statesOf(context: Context, { runId }: State, ...wanted: string[]): Promise<Observation> {
  const run = await readRun(context, runId);
  return {
    states: [...new Set(run.states)].filter((name) => wanted.includes(name)),
    stray: await strayStepsOf(context, run),
  };
}

export const events: readonly Scenario[] = [
  {
    id: 'publish',
    sentence:
      'An event that was inserted is published by a run and marked processed, with the id that EventBridge gave it.',
    needs: ['disturb', 'running'],
    expected: {
      status: 'PROCESSED',
      attempts: 1,
      onBus: true,
      states: ['Fetch batch', 'Publish events', 'Publish event', 'Mark processed', 'Done'],
      stray: [],
    },
    async observe(context) {
      const id = await context.rows.insert({ dueInSeconds: 0 });
      const state = await untilIs(context, id, 'PROCESSED');
      const { status, attempts, onBus } = state;
      const wanted = [
        'Fetch batch',
        'Publish events',
        'Publish event',
        'Note failure',
        'Mark processed',
        'Done',
      ];
      return { status, attempts, onBus, ...(await statesOf(context, state, ...wanted)) };
    },
  },
  {
    id: 'catch',
    sentence:
      'An event whose publisher throws EventRejected is not tried again: it is caught inside the Map, noted, and marked failed, and the run succeeds.',
    needs: ['disturb', 'running'],
    expected: {
      status: 'FAILED',
      errorType: 'EventTooLarge',
      attempts: 1,
      onBus: false,
      states: ['Publish event', 'Note failure', 'Mark failed', 'Done'],
      stray: [],
    },
    async observe(context) {
      const id = randomUUID();
      // The table accepts the event while its type is short, and its size check still allows a longer type afterwards.
      // The function then finds that the event is too large for any target and sends nothing.
      const detail = `{"pad": "", "eventId": "${id}", "aggregateId": "${context.rows.aggregateId}"}`;
      const payload = `{"pad":"${'x'.repeat(1_048_000 - detail.length)}"}`;
      await context.rows.insert({ id, payload });
      const longType = `${eventType}.`.padEnd(128, 'x');
      await change(context, id, 'event_type = :longType, detail_bytes = 1, due_at = now()', { longType });
      const state = await untilIs(context, id, 'FAILED');
      const { status, errorType, attempts, onBus } = state;
      await context.rows.remove(id);
      const wanted = ['Publish event', 'Note failure', 'Mark failed', 'Done'];
      return { status, errorType, attempts, onBus, ...(await statesOf(context, state, ...wanted)) };
    },
  },
  {
    id: 'redrive',
    sentence: 'An event without an attempt left fails for good; the redrive of its id publishes it.',
    needs: ['disturb', 'running'],
    expected: {
      failed: 'FAILED',
      errorType: 'AttemptsExhausted',
      redrive: 'SUCCEEDED',
      path: ['Requeue events', 'Anything to run?', 'Run processor', 'Verify redrive', 'Done'],
      status: 'PROCESSED',
      redrives: 1,
    },
    async observe(context) {
      const id = await context.rows.insert({ dueInSeconds: 2 });
      await change(context, id, 'attempts = 1000000, due_at = now()');
      const failed = await untilIs(context, id, 'FAILED');
      // A redrive restores the original due time, so that time must be in the past.
      await context.until(async () => {
        const [row] = await context
          .database()
          .query('select ready_at <= now() from outbox_events where id = cast(:id as uuid)', { id });
        return row?.[0] === true ? true : undefined;
      });
      const executionArn = await context.startRedrive({ eventIds: [id] });
      const history = await untilEnded(context, executionArn);
      const state = await read(context, id);
      return {
        failed: failed.status,
        errorType: failed.errorType,
        redrive: history.at(-1)?.type === 'ExecutionSucceeded' ? 'SUCCEEDED' : 'FAILED',
        path: pathOf(history),
        status: state?.status ?? 'gone',
        redrives: state?.redrives ?? 0,
      };
    },
  },
  {
    id: 'retry',
    sentence:
      'A Task that fails is tried again after the second that its Retry says, and the execution goes on.',
    needs: [],
    expected: {
      error: 'RowsLocked',
      waitedASecond: true,
      path: ['Requeue events', 'Anything to run?', 'Run processor'],
    },
    async observe(context) {
      const id = await context.rows.insert();
      // As if a run had crashed while it held the event, and a transaction had locked its row.
      const run = `${context.target.need('processorArn').replace(':stateMachine:', ':express:')}:certify-${id}:${id}`;
      const held = `status = 'PROCESSING', attempts = 1, lease_token = cast(:token as uuid), run_id = :run`;
      await change(context, id, held, { token: randomUUID(), run });
      const released = new Error('releases the row');
      let executionArn = '';
      await context
        .database()
        .transaction(async (transaction) => {
          await transaction.query(
            'select cast(id as text) from outbox_events where id = cast(:id as uuid) for update',
            { id },
          );
          executionArn = await context.startRedrive({
            executionArn: run,
            runIsStopped: true,
            eventIds: [id],
          });
          await untilHistory(context, executionArn, (history) =>
            history.some(({ type }) => type === 'TaskFailed'),
          );
          throw released;
        })
        .catch((error: unknown) => {
          if (error !== released) throw error;
        });
      const path = ['Requeue events', 'Anything to run?', 'Run processor'];
      const history = await untilHistory(context, executionArn, (found) =>
        path.every((name) => pathOf(found).includes(name)),
      );
      await context.rows.remove(id);
      const failure = history.findIndex(({ type }) => type === 'TaskFailed');
      const again = history.slice(failure).find(({ type }) => type === 'TaskScheduled');
      return {
        error: history[failure]?.taskFailedEventDetails?.error ?? '',
        // Clocks are read in whole milliseconds, and timers may fire a millisecond early.
        waitedASecond: time(again) - time(history[failure]) >= 990,
        path: pathOf(history).slice(0, path.length),
      };
    },
  },
  {
    id: 'cleanup',
    sentence: 'A cleanup deletes a processed event that is past its retention, and leaves none behind.',
    needs: ['running'],
    expected: { status: 'SUCCEEDED', event: 'gone', overdueSeconds: 0 },
    // The maximum duration of a cleanup.
    limitSeconds: 300,
    async observe(context) {
      const id = await context.rows.insert();
      const processed = `status = 'PROCESSED', due_at = null, processed_at = now() - interval '20 years'`;
      await change(context, id, processed);
      const { status = '', output = '{}' } = await context.stepFunctions.send(
        new StartSyncExecutionCommand({ stateMachineArn: context.target.need('cleanupArn'), input: '{}' }),
      );
      const { overdueSeconds } = JSON.parse(output) as { overdueSeconds?: number };
      return {
        status,
        event: (await read(context, id)) === undefined ? 'gone' : 'kept',
        overdueSeconds: overdueSeconds ?? -1,
      };
    },
  },
];
