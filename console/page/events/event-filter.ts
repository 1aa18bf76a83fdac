import type { RedriveOrder, ReplayOrder } from '../../change-api.ts';

/** One condition of the list of events; all of them must hold. */
export interface Condition {
  readonly field: Field;
  readonly value: string;
}

export const fields = [
  'status',
  'eventType',
  'aggregateId',
  'errorType',
  'run',
  'orderingKey',
  'blocksKey',
  'id',
  'createdAfter',
  'createdBefore',
] as const;
export type Field = (typeof fields)[number];

export const labels: Readonly<Record<Field, string>> = {
  status: 'Status',
  eventType: 'Event type',
  aggregateId: 'Aggregate',
  errorType: 'Error type',
  run: 'Run (ARN)',
  orderingKey: 'Ordering key',
  blocksKey: 'Blocks its key',
  id: 'Event id',
  createdAfter: 'Created after',
  createdBefore: 'Created before',
};

/** The conditions that the address holds. */
export function conditionsOf(query: URLSearchParams): Condition[] {
  return fields.flatMap((field) => {
    const value = query.get(field);
    return value === null || value === '' ? [] : [{ field, value }];
  });
}

/** The query of the address, and of the server. The last condition on a field replaces those before it. */
export function queryOf(conditions: readonly Condition[]): Partial<Record<Field, string>> {
  return Object.fromEntries(conditions.map(({ field, value }) => [field, value.trim()]));
}

/** What somebody means who types a value without saying of what. */
export function guess(text: string): Condition {
  const value = text.trim();
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) return { field: 'id', value };
  return { field: value.startsWith('arn:') ? 'run' : 'aggregateId', value };
}

/** The replay of the processed events among those that the conditions select, or why there is none. */
export function replayFilter(
  conditions: readonly Condition[],
): { readonly filter: ReplayOrder['filter'] } | { readonly impossible: string } {
  const { status, run, id, errorType, createdAfter, createdBefore, ...same } = queryOf(conditions);
  if ((status !== undefined && status !== 'processed') || errorType !== undefined)
    return { impossible: 'Only processed events can be replayed; this list shows others.' };
  if (createdAfter ?? createdBefore)
    return {
      impossible: 'A replay is limited by when events were processed: outbox replay --processed-after.',
    };
  return { filter: withIds(same, run, id) };
}

/** The redrive of the failed events among those that the conditions select, or why there is none. */
export function redriveFilter(
  conditions: readonly Condition[],
): { readonly filter: RedriveOrder['filter'] } | { readonly impossible: string } {
  const { status, run, id, orderingKey, blocksKey, createdAfter, createdBefore, ...same } =
    queryOf(conditions);
  if (status !== undefined && status !== 'failed')
    return { impossible: 'Only failed events can be redriven; this list shows others.' };
  if (orderingKey ?? blocksKey ?? createdAfter ?? createdBefore)
    return {
      impossible: 'A redrive cannot be limited by ordering key or creation time: select the events instead.',
    };
  return { filter: withIds(same, run, id) };
}

function withIds<Same extends object>(same: Same, run: string | undefined, id: string | undefined) {
  const filter = {
    ...same,
    ...(run !== undefined && { executionArn: run }),
    ...(id !== undefined && { eventIds: [id] }),
  };
  return Object.keys(filter).length === 0 ? ({ all: true } as const) : filter;
}

/** How {@link inWords} begins about a replay. */
export const WERE_PROCESSED = 'were processed';

/** Completes "Events that ...". */
export function inWords(
  filter: RedriveOrder['filter'] & ReplayOrder['filter'],
  beginning = 'have failed',
): string {
  const { eventIds, executionArn, eventType, aggregateId, errorType } = filter;
  const parts = [
    eventIds !== undefined && (eventIds.length === 1 ? `have the id ${eventIds[0]}` : 'are selected'),
    eventType !== undefined && `are of type ${eventType}`,
    aggregateId !== undefined && `belong to ${aggregateId}`,
    errorType !== undefined && `have the error ${errorType}`,
    executionArn !== undefined && `were last tried by the run ${executionArn}`,
  ].filter(Boolean);
  return [beginning, ...parts].join(', ');
}
