import type { DataApi } from '../outbox/data-api.ts';
import { explainOutage, type Outage, readBusInOneCall } from './outage.ts';
import { printable } from './printable.ts';

/**
 * Says once that the bus accepts nothing, and once that it does again, to a person who waits for events: an event that
 * is given back has no outcome yet.
 */
export function outageTeller(
  database: (as: 'reader') => DataApi,
  tell: (sentence: string) => void,
): () => Promise<void> {
  let told: Outage | undefined;
  return async () => {
    const { outage, lastProcessedAt } = await readBusInOneCall(database('reader'));
    if (outage !== undefined && told === undefined) tell(printable(explainOutage(outage)));
    if (outage === undefined && told !== undefined) {
      const back = lastProcessedAt !== undefined && lastProcessedAt > told.since;
      tell(back ? 'the bus accepts events again' : 'no event waits for the bus any more');
    }
    told = outage;
  };
}
