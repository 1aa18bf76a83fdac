import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import type { EventStatus, Overview } from '../../api.ts';
import { addressOf } from '../shell/address.ts';
import { duration, number, time, upTo } from '../shell/format.ts';
import { eventStatuses } from '../shell/statuses.ts';

const COUNT_LIMIT = 1_000;

/** How many events have each of the four statuses, and how late the oldest one is. */
export function KeyFigures({ overview }: { readonly overview: Overview }) {
  const { counts, due, dueLater, blockedKeys, lagSeconds, lastProcessedAt } = overview;
  const figure = (status: EventStatus, detail: string) => ({
    label: eventStatuses[status].label,
    value: (
      <>
        <Link variant="primary" fontSize="display-l" href={addressOf(['events'], { status })}>
          {upTo(COUNT_LIMIT, counts[status])}
        </Link>
        <Box padding={{ top: 'xs' }} color="text-body-secondary">
          {detail}
        </Box>
      </>
    ),
  });
  return (
    <Container header={<Header variant="h2">Events</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          figure('pending', pending(due, dueLater)),
          figure('processing', 'claimed by a run'),
          figure('processed', 'accepted by the bus'),
          figure('failed', counts.failed === 0 ? 'none waits for a person' : 'wait for a person'),
          { label: 'Lag', value: lagSeconds < 1 ? 'none' : duration(lagSeconds * 1_000) },
          { label: 'Last processed', value: lastProcessedAt === null ? 'never' : time(lastProcessedAt) },
          ...(blockedKeys === 0
            ? []
            : [{ label: 'Blocked keys', value: <BlockedKeys count={blockedKeys} /> }]),
        ]}
      />
    </Container>
  );
}

/** Leads to the failed events that the keys wait for. */
function BlockedKeys({ count }: { readonly count: number }) {
  const href = addressOf(['events'], { status: 'failed', blocksKey: 'yes' });
  return (
    <Link href={href}>
      {upTo(COUNT_LIMIT, count)} {count === 1 ? 'waits' : 'wait'} behind a failed event
    </Link>
  );
}

function pending(due: number, dueLater: number): string {
  if (due + dueLater === 0) return 'nothing is due';
  return dueLater === 0 ? 'all due' : `${number(due)} due, ${number(dueLater)} later`;
}
