import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { GeneralMessageHandler } from 'pg-transactional-outbox';
import { publish } from '../bus.ts';

export const schema = 'public';
export const table = 'outbox';

/** The settings for an outbox in its documentation. */
export const outboxSettings = {
  dbSchema: schema,
  dbTable: table,
  enableMaxAttemptsProtection: false,
  enablePoisonousMessageProtection: false,
};

/** `concurrency`: whether a message waits for the earlier ones of its segment. */
export function insertStatement(concurrency: 'sequential' | 'parallel'): string {
  return `
    insert into ${schema}.${table} (id, aggregate_type, aggregate_id, message_type, concurrency, payload)
    select (e->>'id')::uuid, 'dish', e->>'aggregateId', e->>'eventType', '${concurrency}', e->'payload'
    from jsonb_array_elements($1::jsonb) e`;
}

export function publisher(bus: EventBridgeClient): GeneralMessageHandler {
  return {
    handle: ({ id, aggregateId, messageType, payload }) =>
      publish(bus, [{ id, aggregateId, eventType: messageType, payload: payload as object }]),
  };
}
