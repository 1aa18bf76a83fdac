import { expect } from '@jest/globals';
import type { DataApi } from '../../outbox/data-api.ts';
import type { EventStatus } from '../../outbox/event.ts';
import type { Model, ModelEvent } from './lifecycle-model.ts';
import type { OutboxDatabase } from './outbox-database.ts';

export const MAX_ATTEMPTS = 3;

/**
 * Every arrow of the life cycle. `FAILED -> PROCESSED` and `PENDING -> PROCESSED` are correct: a run that lost its
 * lease may still have published the event, and a success is recorded whoever holds the lease.
 */
export const allowedTransitions: Readonly<Record<EventStatus, readonly EventStatus[]>> = {
  PENDING: ['PROCESSING', 'PROCESSED', 'FAILED'],
  PROCESSING: ['PROCESSING', 'PENDING', 'PROCESSED', 'FAILED'],
  PROCESSED: [],
  FAILED: ['PENDING', 'PROCESSED'],
};

/** The table under test, the connections to it, and its rows after the last step. */
export interface Lifecycle {
  readonly database: OutboxDatabase;
  /** The product's statements use this adapter, so that a test can make them fail. */
  readonly dataApi: DataApi;
  /** Every transition of any row, e.g. `PENDING -> PROCESSING`. */
  readonly walked: Set<string>;
  before: ReadonlyMap<string, Row>;
}

interface Row {
  readonly id: string;
  readonly status: EventStatus;
  readonly attempts: number;
  readonly token: string | null;
  readonly due: boolean;
  readonly finished: boolean;
  /** The whole row as text: equal only when nothing has changed. */
  readonly whole: string;
}

/** Compares every row with the model, and checks the rules that hold independently of the model. */
export async function expectRows(model: Model, lifecycle: Lifecycle): Promise<void> {
  const rows = await lifecycle.database.sql<Row & Compared>(
    `select id, status, attempts, lease_token as token, run_id as "runId", last_error_type as error,
       event_bridge_id as "bridgeId", redrive_id as "redriveId", redrives, coalesce(due_at <= now(), false) as due,
       case when given_back_since is null then 'no' when given_back_since > now() - interval '1 day' then 'briefly'
         else 'too long' end as "givenBack",
       due_at is null as finished, cast(to_jsonb(e) as text) as whole
     from outbox_events e order by sequence`,
  );
  for (const row of rows) {
    const before = lifecycle.before.get(row.id);
    expectLawful(row);
    if (before !== undefined) expectLawfulChange(before, row, lifecycle.walked);
  }
  lifecycle.before = new Map(rows.map((row) => [row.id, row]));
  expect(rows.map(compared)).toEqual(model.events.map(compared));
}

function expectLawful({ status, attempts, finished }: Row): void {
  expect(attempts).toBeGreaterThanOrEqual(0);
  expect(attempts).toBeLessThanOrEqual(MAX_ATTEMPTS);
  expect(finished).toBe(status === 'PROCESSED' || status === 'FAILED');
}

function expectLawfulChange(before: Row, after: Row, walked: Set<string>): void {
  if (before.status === 'PROCESSED') expect(after.whole).toBe(before.whole);
  const changedHands = before.token !== after.token && after.status === 'PROCESSING';
  if (before.status === after.status && !changedHands) return;
  expect(allowedTransitions[before.status]).toContain(after.status);
  walked.add(`${before.status} -> ${after.status}`);
}

/** After a claim of all due events, no event without attempts left has an expired lease. */
export function expectNobodyForgotten({ before }: Lifecycle): void {
  const forgotten = [...before.values()].filter(
    ({ status, due, attempts }) => status === 'PROCESSING' && due && attempts >= MAX_ATTEMPTS,
  );
  expect(forgotten).toEqual([]);
}

type Compared = Pick<
  ModelEvent,
  | 'id'
  | 'status'
  | 'attempts'
  | 'token'
  | 'runId'
  | 'error'
  | 'bridgeId'
  | 'redriveId'
  | 'redrives'
  | 'givenBack'
>;

function compared(event: Compared & { readonly due: number | boolean | undefined }) {
  const { id, status, attempts, token, runId, error, bridgeId, redriveId, redrives, givenBack } = event;
  const due = event.due !== undefined && event.due !== false;
  return { id, status, attempts, token, runId, error, bridgeId, redriveId, redrives, givenBack, due };
}
