import type pg from 'pg';
import type { ClaimedEvent } from '../../../outbox/event.ts';
import { type PublishResult, publishEvents } from '../../../outbox/publish.ts';

/** The text of a function of the database, and what stands there instead. */
type Patch = readonly [functionName: string, text: string, instead: string];

/** The lock of the actor that stalls claims. */
export const STALL = 77;
const stall = `perform pg_advisory_lock_shared(${STALL}); perform pg_advisory_unlock_shared(${STALL});`;

/** Places inside a claim where others may have their turns: before its keys are locked, before their events are read. */
export const STALLS: readonly Patch[] = [
  ['outbox_pick_ordered_events', '    chunk = least(', `    ${stall}\n    chunk = least(`],
  ['outbox_pick_ordered_events', '    for candidate in', `    ${stall}\n    for candidate in`],
  ['outbox_pick_ordered_events', '  -- A key with nothing left', `  ${stall}\n  -- A key with nothing left`],
];

export interface Mutation {
  readonly name: string;
  readonly patches?: readonly Patch[];
  readonly publish?: typeof publishEvents;
}

/** Faults that the soak has to find. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a key that a claim has locked is not woken',
    patches: [['outbox_wake_keys', 'order by q.ordering_key for update;', 'for update skip locked;']],
  },
  {
    name: 'the predecessor is set when the event is inserted',
    patches: [
      [
        'outbox_take_place',
        "new.sequence = nextval('outbox_events_sequence_seq');",
        `new.sequence = nextval('outbox_events_sequence_seq');
         new.previous_sequence = (select max(sequence) from outbox_events e where e.ordering_key = new.ordering_key);`,
      ],
      ['claim_outbox_events', 'previous_sequence = c.previous', 'previous_sequence = e.previous_sequence'],
    ],
  },
  {
    name: 'a claim reads events as they were before it locked their keys',
    patches: [
      ['outbox_pick_ordered_events', '  looks integer = 0;', '  looks integer = 0; seen jsonb;'],
      [
        'outbox_pick_ordered_events',
        '  while batch_events',
        `  seen = (select jsonb_object_agg(e.sequence, e.due_at) from outbox_events e where e.processed_at is null);
         while batch_events`,
      ],
      [
        'outbox_pick_ordered_events',
        'e.previous_sequence, e.due_at,',
        'e.previous_sequence, cast(seen ->> cast(e.sequence as text) as timestamptz) as due_at,',
      ],
    ],
  },
  {
    name: 'a producer draws the sequence without the lock of the key',
    patches: [['outbox_take_place', 'for no key update;', ';']],
  },
  { name: 'a list goes on after a failure', publish: publishOneByOne },
];

async function publishOneByOne(
  events: readonly ClaimedEvent[],
  ...rest: [Parameters<typeof publishEvents>[1]]
): Promise<PublishResult> {
  const results: PublishResult[] = [];
  for (const event of events) {
    const failed = ({ name, message }: Error) => ({
      published: [],
      failed: [{ eventId: event.eventId, error: name, cause: message }],
    });
    results.push(await publishEvents([event], ...rest).catch(failed));
  }
  return {
    published: results.flatMap(({ published }) => published),
    failed: results.flatMap(({ failed }) => failed),
  };
}

/** Changes functions of the database, and returns what changes them back. */
export async function patch(client: pg.ClientBase, patches: readonly Patch[]): Promise<() => Promise<void>> {
  const originals: string[] = [];
  for (const [name, text, instead] of patches) {
    const { rows } = await client.query<{ definition: string }>(
      `select pg_get_functiondef(oid) as definition from pg_proc
       where proname = $1 and pronamespace = current_schema()::regnamespace and prosrc like $2`,
      [name, `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`],
    );
    const [{ definition } = { definition: '' }] = rows;
    if (rows.length !== 1 || definition.split(text).length !== 2)
      throw new Error(`the function ${name} does not have this text exactly once: ${text}`);
    originals.unshift(definition);
    await client.query(definition.replace(text, () => instead));
  }
  return async () => {
    for (const definition of originals) await client.query(definition);
  };
}
