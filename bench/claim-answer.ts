import { randomUUID } from 'node:crypto';

const empty = { isNull: true };
const zero = { longValue: 0 };

/** The answer of the Data API to a claim: events with this detail, and the row of counts. See outbox/claim.ts. */
export const claimAnswer = (events: number, detail: string): object[][] => [
  ...Array.from({ length: events }, () => [
    { stringValue: randomUUID() },
    { stringValue: 'dish.created' },
    { stringValue: detail },
    empty,
    { longValue: Date.now() },
    { longValue: 1 },
    { booleanValue: false },
    ...Array.from({ length: 7 }, () => empty),
  ]),
  [
    ...Array.from({ length: 7 }, () => empty),
    { booleanValue: true },
    zero,
    zero,
    { booleanValue: false },
    zero,
    zero,
    { doubleValue: 0 },
  ],
];
