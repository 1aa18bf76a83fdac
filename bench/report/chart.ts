import * as echarts from 'echarts';
import type { Chart } from '../section.ts';
import { formatCell } from './numbers.ts';

const WIDTH = 860;
const BAR = 26;
// Without a browser, text cannot be measured.
const CHARACTER = 7.8;
const MOST_LABEL = 320;
const palette = ['#0b6bcb', '#c05600', '#2e7d32', '#8e24aa', '#b71c1c', '#00796b'];
const text = { color: '#24292f', fontFamily: 'system-ui, -apple-system, Segoe UI, sans-serif', fontSize: 13 };

/** An SVG with its own background, so that it is legible on light and dark pages. */
export function renderChart(chart: Chart, title: string): string {
  const bars = chart.kind === 'bars';
  const several = chart.series.length > 1;
  const rows = chart.labels.length * (several ? chart.series.length * 0.8 : 1);
  const height = bars ? 140 + rows * BAR : 420;
  const instance = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  const longest = Math.max(...chart.labels.map((label) => label.length)) * CHARACTER;
  const labelWidth = Math.min(MOST_LABEL, longest);
  const names = {
    type: 'category' as const,
    data: [...chart.labels],
    axisTick: { show: false },
    axisLabel: { ...text, ...(bars && { interval: 0, width: labelWidth, overflow: 'break' as const }) },
  };
  const values = {
    type: chart.logarithmic ? ('log' as const) : ('value' as const),
    // Bars begin at the axis and not at 1.
    ...(chart.logarithmic && { min: decadeBelow(chart), startValue: decadeBelow(chart) }),
    name: chart.unit,
    nameLocation: 'middle' as const,
    nameGap: bars ? 30 : 60,
    nameTextStyle: text,
    axisLabel: { ...text, formatter: (value: number) => formatCell(value) },
    splitLine: { lineStyle: { color: '#d8dee4' } },
  };
  instance.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    color: palette,
    textStyle: text,
    title: { text: title, left: 16, top: 14, textStyle: { ...text, fontSize: 16, fontWeight: 600 } },
    legend: { show: several, top: 40, left: 16, itemGap: 24, textStyle: text },
    grid: {
      left: bars ? labelWidth + 24 : 84,
      right: 64,
      top: several ? 76 : 52,
      bottom: bars ? 64 : 36,
    },
    xAxis: bars ? values : names,
    // The first row is at the top, as in the table.
    yAxis: bars ? { ...names, inverse: true } : values,
    series: chart.series.map(({ name, values: data }) => ({
      name,
      type: bars ? 'bar' : 'line',
      data: [...data],
      barMaxWidth: 20,
      symbolSize: 7,
      label: {
        ...text,
        show: bars,
        position: 'right',
        formatter: ({ value }: { value: number }) => formatCell(value),
      },
    })),
  });
  const svg = instance.renderToSVGString();
  instance.dispose();
  // ECharts numbers its charts: without the number, a chart does not depend on the charts before it.
  return `${svg.replaceAll(/\bzr\d+-/g, 'zr-')}\n`;
}

/** The start of a logarithmic axis: below the smallest value, so that its bar has a length. */
function decadeBelow({ series }: Chart): number {
  const values = series.flatMap((each) =>
    each.values.filter((value) => value !== null && value > 0),
  ) as number[];
  return 10 ** (Math.ceil(Math.log10(Math.min(...values))) - 1);
}
