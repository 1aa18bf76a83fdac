import type { Migration } from './migration.ts';
import outboxEvents from './migrations/0001_outbox_events.sql';
import claimFunction from './migrations/0002_claim_outbox_events.sql';
import roles from './migrations/0003_roles.sql';
import installation from './migrations/0004_installation.sql';
import operator from './migrations/0005_operator.sql';
import ordering from './migrations/0006_ordering.sql';
import placesInOrder from './migrations/0007_places_in_order.sql';
import fronts from './migrations/0008_fronts.sql';
import pickEvents from './migrations/0009_pick_events.sql';
import pickOrderedEvents from './migrations/0010_pick_ordered_events.sql';
import claimInOrder from './migrations/0011_claim_in_order.sql';
import orderingBacklog from './migrations/0012_ordering_backlog.sql';
import orderingIndexes from './migrations/0013_ordering_indexes.sql';
import replay from './migrations/0014_replay.sql';
import traceparent from './migrations/0015_traceparent.sql';
import traceparentChecked from './migrations/0016_traceparent_checked.sql';

/**
 * Every migration, in order, for what has no files beside it: the bundler inlines their texts. So they are part of the
 * function that applies them, a new one changes it, and the deployment runs it. Whoever has the files reads them with
 * read-migrations.ts.
 */
export const migrations: readonly Migration[] = [
  { name: '0001_outbox_events', sql: outboxEvents },
  { name: '0002_claim_outbox_events', sql: claimFunction },
  { name: '0003_roles', sql: roles },
  { name: '0004_installation', sql: installation },
  { name: '0005_operator', sql: operator },
  { name: '0006_ordering', sql: ordering },
  { name: '0007_places_in_order', sql: placesInOrder },
  { name: '0008_fronts', sql: fronts },
  { name: '0009_pick_events', sql: pickEvents },
  { name: '0010_pick_ordered_events', sql: pickOrderedEvents },
  { name: '0011_claim_in_order', sql: claimInOrder },
  { name: '0012_ordering_backlog', sql: orderingBacklog },
  { name: '0013_ordering_indexes', sql: orderingIndexes },
  { name: '0014_replay', sql: replay },
  { name: '0015_traceparent', sql: traceparent },
  { name: '0016_traceparent_checked', sql: traceparentChecked },
];
