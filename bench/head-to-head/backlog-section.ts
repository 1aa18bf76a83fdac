import { figure } from '../figure.ts';
import { type Cell, median, type Section } from '../section.ts';
import type { Backlog, BacklogRun } from './backlog-run.ts';
import { guide, guideAsDeployed } from './contenders/guide.ts';
import type { Measured } from './rounds.ts';
import type { StatementCounter } from './statements.ts';

const RATIO = "times the guide's loop";

/** Rows, notes and chart of contenders that published the same backlog. */
export function backlogSection(
  about: Pick<Section, 'name' | 'title' | 'method'>,
  measured: readonly Measured[],
  { events, limitSeconds }: Backlog,
  unit: StatementCounter['unit'],
): Section {
  const rates = measured.map(({ runs }) => medianOf(runs, ({ eventsPerSecond }) => eventsPerSecond));
  const guideRate = rates[measured.findIndex(({ contender }) => contender === guide)] || null;
  return {
    ...about,
    columns: [
      'contender',
      'events/s',
      'lowest',
      'highest',
      ...(guideRate === null ? [] : [RATIO]),
      'requests/event',
      `SQL ${unit}/event`,
      'received twice',
    ],
    rows: measured.map(({ contender, runs }, index) => {
      const ratio = guideRate === null ? [] : [ratioOf(rates[index], guideRate)];
      return row(contender.name, runs, ratio);
    }),
    notes: measured.flatMap((each) => notes(each, events, limitSeconds)),
    chart: {
      kind: 'bars',
      unit: 'events/s',
      labels: measured.map(({ contender }) => contender.name),
      series: [{ name: 'events/s', values: rates }],
      logarithmic: true,
    },
  };
}

/** The section with the computed row before the measured ones. */
export function withGuideAsDeployed(section: Section): Section {
  const { name, eventsPerSecond, settings } = guideAsDeployed;
  const loopRate = section.rows.find(([contender]) => contender === guide.name)?.[1];
  const known = new Map<string, Cell>([
    ['contender', name],
    ['events/s', figure(eventsPerSecond)],
    [RATIO, typeof loopRate === 'number' ? figure(eventsPerSecond / loopRate) : null],
    ['requests/event', 1],
  ]);
  return {
    ...section,
    rows: [section.columns.map((column) => known.get(column) ?? null), ...section.rows],
    notes: [`${name}: ${settings}`, ...(section.notes ?? [])],
  };
}

function ratioOf(rate: number | null | undefined, guideRate: number): number | null {
  return rate ? figure(rate / guideRate) : null;
}

function row(name: string, runs: readonly BacklogRun[], ratio: readonly Cell[]): Cell[] {
  const rates = runs.map(({ eventsPerSecond }) => eventsPerSecond);
  const measured = runs.length > 0;
  return [
    name,
    medianOf(runs, ({ eventsPerSecond }) => eventsPerSecond),
    measured ? figure(Math.min(...rates)) : null,
    measured ? figure(Math.max(...rates)) : null,
    ...ratio,
    medianOf(runs, ({ requestsPerEvent }) => requestsPerEvent),
    medianOf(runs, ({ statementsPerEvent }) => statementsPerEvent),
    measured ? Math.max(...runs.map(({ receivedTwice }) => receivedTwice)) : null,
  ];
}

function medianOf(runs: readonly BacklogRun[], value: (run: BacklogRun) => number): number | null {
  return runs.length === 0 ? null : figure(median(runs.map(value)));
}

function notes({ contender, runs, problem }: Measured, events: number, limitSeconds: number): string[] {
  const { name, settings } = contender;
  const slow = runs.find(({ drained }) => !drained);
  return [
    `${name}: ${settings}`,
    ...(slow ? [`${name}: stopped after ${limitSeconds} s with ${slow.received} of ${events} received`] : []),
    ...(problem === undefined ? [] : [`${name}: failed after ${runs.length} runs: ${problem}`]),
  ];
}
