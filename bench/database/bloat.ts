import { figure } from '../figure.ts';
import { median, type Options, percentile, type Section } from '../section.ts';
import { type Footprint, footprint } from './footprint.ts';
import { BATCH, claimAndMark, type Outbox, type Timed, withOutbox } from './outbox.ts';
import { addPending } from './rows.ts';

const events = { quick: 50_000, full: 1_000_000 };
const PARTS = 10;
const MB = 1024 * 1024;

/** Measures the bloat of the table after a backlog, and whether the bloat slows the drain down. */
export async function bloat(options: Options): Promise<Section> {
  const count = options.quick ? events.quick : events.full;
  return withOutbox(options, async (outbox) => {
    const empty = await footprint(outbox.pool);
    options.report(`writing ${count} events`);
    await addPending(outbox.pool, count);
    const full = await footprint(outbox.pool);
    const parts: Part[] = [];
    for (let part = 0; part < PARTS; part += 1) {
      options.report(`draining, ${part * PARTS} % done`);
      parts.push(await drain(outbox, count / PARTS));
    }
    return section(count, empty, full, parts);
  });
}

interface Part {
  readonly timed: readonly Timed[];
  readonly seconds: number;
  readonly after: Footprint;
}

async function drain({ database, pool }: Outbox, count: number): Promise<Part> {
  const startedAt = performance.now();
  const timed: Timed[] = [];
  for (let done = 0; done < count; done += BATCH) timed.push(await claimAndMark(database));
  return { timed, seconds: (performance.now() - startedAt) / 1000, after: await footprint(pool) };
}

function section(count: number, empty: Footprint, full: Footprint, parts: readonly Part[]): Section {
  const last = parts.at(-1)?.after ?? full;
  const seconds = parts.reduce((sum, part) => sum + part.seconds, 0);
  const claims = ({ timed }: Part) => timed.map(({ claimMs }) => claimMs);
  const size = ({ heapBytes, indexBytes, deadTuples, vacuums }: Footprint) => [
    figure(heapBytes / MB),
    figure(indexBytes / MB),
    deadTuples,
    vacuums,
  ];
  const shares = parts.map((_, index) => `${((index + 1) * 100) / PARTS} %`);
  return {
    name: 'bloat',
    title: 'What a drained backlog leaves behind',
    method:
      `${count.toLocaleString('en')} events of 300 bytes are written, then claimed and marked in batches of ${BATCH} over one ` +
      'connection as fast as it goes, autovacuum on. Milliseconds and megabytes, ten parts of the drain.',
    columns: [
      'drained',
      'rows/s',
      'claim p50',
      'claim p99',
      'mark p50',
      'heap',
      'indexes',
      'dead tuples',
      'vacuums',
    ],
    rows: [
      ['0 %', null, null, null, null, ...size(full)],
      ...parts.map((part, index) => [
        shares[index] ?? null,
        figure(count / PARTS / part.seconds),
        figure(median(claims(part))),
        figure(percentile(claims(part), 0.99)),
        figure(median(part.timed.map(({ markMs }) => markMs))),
        ...size(part.after),
      ]),
    ],
    notes: [
      `${figure(count / seconds)} rows/s through claim and mark`,
      `write-ahead log: ${figure((full.walBytes - empty.walBytes) / count)} bytes an event to insert it, ` +
        `${figure((last.walBytes - full.walBytes) / count)} to claim and mark it (wal_level=logical, which writes whole rows)`,
      `HOT updates: ${figure((100 * last.hotUpdates) / Math.max(1, last.updates))} %`,
    ],
    chart: {
      kind: 'lines',
      unit: 'ms',
      labels: shares,
      series: [{ name: 'claim p50', values: parts.map((part) => figure(median(claims(part)))) }],
    },
  };
}
