import AreaChart from '@cloudscape-design/components/area-chart';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import LineChart from '@cloudscape-design/components/line-chart';
import type { Sample } from '../../api.ts';
import { duration } from '../shell/format.ts';
import { throughput } from './throughput.ts';

const HEIGHT = 160;

/** Throughput and lag since the page was opened. */
export function FlowCharts({ samples }: { readonly samples: readonly Sample[] }) {
  const lag = samples.map(({ at, lagSeconds }) => ({ x: new Date(at), y: lagSeconds }));
  const rate = throughput(samples).map(({ at, perSecond }) => ({ x: new Date(at), y: perSecond }));
  return (
    <ColumnLayout columns={2}>
      <Container header={<Header variant="h2">Throughput</Header>}>
        <AreaChart
          {...common('Throughput', rate)}
          series={[
            {
              type: 'area',
              title: 'Events a second',
              data: rate,
              valueFormatter: (y) => `${y.toFixed(1)}/s`,
            },
          ]}
          i18nStrings={{ yTickFormatter: (y) => `${y}/s`, xTickFormatter: clock }}
        />
      </Container>
      <Container header={<Header variant="h2">Lag</Header>}>
        <LineChart
          {...common('Lag', lag)}
          series={[
            { type: 'line', title: 'Age of the oldest due event', data: lag, valueFormatter: seconds },
          ]}
          i18nStrings={{ yTickFormatter: seconds, xTickFormatter: clock }}
        />
      </Container>
    </ColumnLayout>
  );
}

const seconds = (value: number) => (value === 0 ? '0' : duration(value * 1_000));
const clock = (at: Date) => at.toISOString().slice(11, 19);

function common(ariaLabel: string, points: readonly { readonly x: Date; readonly y: number }[]) {
  const [first, last] = [points[0]?.x, points.at(-1)?.x];
  return {
    ariaLabel,
    height: HEIGHT,
    hideFilter: true,
    hideLegend: true,
    xScaleType: 'time' as const,
    // A flat line at zero needs some room above it.
    yDomain: [0, Math.max(1, ...points.map(({ y }) => y)) * 1.1],
    ...(first !== undefined && last !== undefined && { xDomain: [first, last] }),
    empty: 'Nothing has been measured yet.',
  };
}
