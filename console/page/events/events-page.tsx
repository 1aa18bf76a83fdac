import { useState } from 'react';
import type { EventRow, EventsPage as EventsAnswer, Failures } from '../../api.ts';
import type { RedriveOrder, ReplayOrder } from '../../change-api.ts';
import { RedriveModal } from '../redrive/redrive-modal.tsx';
import { ReplayModal } from '../replay/replay-modal.tsx';
import { addressOf, go } from '../shell/address.ts';
import { read } from '../shell/server.ts';
import { usePolled } from '../shell/use-polled.ts';
import { type Condition, conditionsOf, inWords, queryOf, WERE_PROCESSED } from './event-filter.ts';
import { EventTable } from './event-table.tsx';

const INTERVAL_MS = 4_000;

/** The list of events. Filter and page are in the address, so that a link shows the same. */
export default function EventsPage({ query }: { readonly query: URLSearchParams }) {
  const conditions = conditionsOf(query);
  const before = query.get('before') ?? undefined;
  const search = addressOf(['events'], { ...queryOf(conditions), before }).slice('#/'.length);
  const [selected, setSelected] = useState<readonly EventRow[]>([]);
  const [redriving, setRedriving] = useState<RedriveOrder['filter']>();
  const [replaying, setReplaying] = useState<ReplayOrder['filter']>();
  const { data, problem, refresh } = usePolled(
    search,
    async (signal) => {
      const [page, { failures }] = await Promise.all([
        read<EventsAnswer>(search, signal),
        read<Failures>('failures', signal),
      ]);
      return { ...page, failures };
    },
    INTERVAL_MS,
  );
  const show = (wanted: readonly Condition[], older?: string) => {
    setSelected([]);
    go(addressOf(['events'], { ...queryOf(wanted), before: older }));
  };
  return (
    <>
      <EventTable
        page={data}
        problem={problem}
        conditions={conditions}
        selected={selected}
        onSelect={setSelected}
        onFilter={show}
        onNewest={before === undefined ? undefined : () => show(conditions)}
        onOlder={data?.next === undefined ? undefined : () => show(conditions, data.next)}
        onRefresh={refresh}
        onRedrive={setRedriving}
        onReplay={setReplaying}
      />
      {redriving !== undefined && (
        <RedriveModal
          filter={redriving}
          what={inWords(redriving)}
          onClose={() => {
            setRedriving(undefined);
            setSelected([]);
            refresh();
          }}
        />
      )}
      {replaying !== undefined && (
        <ReplayModal
          filter={replaying}
          what={inWords(replaying, WERE_PROCESSED)}
          onClose={() => {
            setReplaying(undefined);
            refresh();
          }}
        />
      )}
    </>
  );
}
