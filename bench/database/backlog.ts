import { figure } from '../figure.ts';
import { median, type Options, percentile, type Section } from '../section.ts';
import { BATCH, claimAndMark, type Outbox, type Timed, withOutbox } from './outbox.ts';
import { addPending, addProcessed } from './rows.ts';

const sizes = {
  quick: { processed: 200_000, backlogs: [1_000, 10_000, 100_000], rounds: 60 },
  full: { processed: 5_000_000, backlogs: [10_000, 100_000, 1_000_000], rounds: 300 },
};
const WARM_UP_ROUNDS = 10;
const HISTORY_DAYS = 1;

/** Measures claim and mark at growing backlogs in a table with a long history. */
export async function backlog(options: Options): Promise<Section> {
  const { processed, backlogs, rounds } = options.quick ? sizes.quick : sizes.full;
  const measured = await withOutbox(options, async (outbox) => {
    options.report(`writing ${processed} processed events`);
    await addProcessed(outbox.pool, processed, HISTORY_DAYS);
    // Every backlog is measured with the statistics of a table in which nothing was due.
    await outbox.pool.query('alter table outbox_events set (autovacuum_enabled = false)');
    const found: Measured[] = [];
    let present = 0;
    for (const size of backlogs) {
      options.report(`growing the backlog to ${size}`);
      await addPending(outbox.pool, size - present);
      present = size;
      options.report(`claiming from a backlog of ${size}`);
      found.push({ size, ...(await measure(outbox, rounds)) });
    }
    return found;
  });
  return section(measured, processed, rounds);
}

interface Measured {
  readonly size: number;
  readonly plain: readonly Timed[];
  /** Claims that also read the gauges of the outbox, as the first claim of a run does. */
  readonly withGauges: readonly Timed[];
}

/** Each round replaces the events that it took, so that the backlog keeps its size. */
async function measure({ pool, database }: Outbox, rounds: number): Promise<Omit<Measured, 'size'>> {
  const plain: Timed[] = [];
  const withGauges: Timed[] = [];
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    const gauges = round % 3 === 0;
    const timed = await claimAndMark(database, gauges);
    await addPending(pool, BATCH);
    if (round >= 0) (gauges ? withGauges : plain).push(timed);
  }
  return { plain, withGauges };
}

function section(measured: readonly Measured[], processed: number, rounds: number): Section {
  const claims = (timed: readonly Timed[]) => timed.map(({ claimMs }) => claimMs);
  const marks = (timed: readonly Timed[]) => timed.map(({ markMs }) => markMs);
  const first = median(claims(measured[0]?.plain ?? []));
  return {
    name: 'backlog',
    title: 'Claim and mark at growing backlogs',
    method:
      `Batches of ${BATCH} events of 300 bytes beside ${processed.toLocaleString('en')} processed ones, ${rounds} rounds a ` +
      'backlog, one connection. The statistics are from before the backlog, as in a sudden burst. Milliseconds.',
    columns: [
      'backlog',
      'claim p50',
      'claim p99',
      'mark p50',
      'mark p99',
      'claim with gauges p50',
      'claim with gauges p99',
      'claim p50, times the first',
    ],
    rows: measured.map(({ size, plain, withGauges }) => [
      size,
      figure(median(claims(plain))),
      figure(percentile(claims(plain), 0.99)),
      figure(median(marks(plain))),
      figure(percentile(marks(plain), 0.99)),
      figure(median(claims(withGauges))),
      figure(percentile(claims(withGauges), 0.99)),
      figure(median(claims(plain)) / first),
    ]),
    chart: {
      kind: 'lines',
      unit: 'ms',
      labels: measured.map(({ size }) => size.toLocaleString('en')),
      series: [
        { name: 'claim p50', values: measured.map(({ plain }) => figure(median(claims(plain)))) },
        { name: 'mark p50', values: measured.map(({ plain }) => figure(median(marks(plain)))) },
      ],
    },
  };
}
