import type { ChartConfiguration, ChartDataset } from 'chart.js';

/** A chart of this page: bars, with a line over them at times. Values are minor units of money, or counts. */
export type RevenueChart = ChartConfiguration<'bar' | 'line', (number | null)[], string>;

/** Colours of the page's theme. */
export interface Theme {
  accent: string;
  accentSoft: string;
  alert: string;
  muted: string;
  text: string;
  surface: string;
  line: string;
  font: string;
}

/** What all charts of the page have in common: calm axes with units, exact values under the pointer, no movement. */
export const revenueChart = (
  labels: string[],
  datasets: ChartDataset<'bar' | 'line', (number | null)[]>[],
  {
    theme,
    axis,
    tip,
    title,
    across,
    up,
  }: {
    theme: Theme;
    /** What stands on the axes, with its unit. */
    across: string;
    up: string;
    axis: (value: number) => string;
    tip: (series: string, index: number, value: number) => string;
    title: (index: number) => string;
  },
): RevenueChart => ({
  type: 'bar',
  data: { labels, datasets },
  options: {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    resizeDelay: 50,
    transitions: { resize: { animation: { duration: 0 } } },
    interaction: { mode: 'index', intersect: false },
    scales: {
      x: {
        grid: { display: false },
        border: { color: theme.line },
        title: axisTitle(theme, across),
        ticks: { color: theme.muted, font: { family: theme.font, size: 12 }, maxRotation: 0, autoSkipPadding: 16 },
      },
      y: {
        beginAtZero: true,
        border: { display: false },
        title: axisTitle(theme, up),
        grid: { color: theme.line },
        ticks: {
          color: theme.muted,
          font: { family: theme.font, size: 12 },
          maxTicksLimit: 5,
          callback: (value) => axis(Number(value)),
        },
      },
    },
    plugins: {
      tooltip: {
        backgroundColor: theme.text,
        titleColor: theme.surface,
        bodyColor: theme.surface,
        titleFont: { family: theme.font, weight: 600 },
        bodyFont: { family: theme.font },
        padding: 12,
        cornerRadius: 8,
        displayColors: false,
        // What is usual stands in the tip of the value that it is about.
        filter: (item) => datasets[item.datasetIndex]?.label !== undefined,
        callbacks: {
          title: ([item]) => (item === undefined ? '' : title(item.dataIndex)),
          label: (item) => tip(item.dataset.label ?? '', item.dataIndex, Number(item.raw)),
        },
      },
    },
  },
});

const axisTitle = (theme: Theme, text: string) => ({
  display: true,
  text,
  color: theme.muted,
  font: { family: theme.font, size: 12 },
});

/** The theme as the page's style sheet has it now. */
export const readTheme = (element: Element): Theme => {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  return {
    accent: color('--accent'),
    accentSoft: color('--accent-soft'),
    alert: color('--alert'),
    muted: color('--muted'),
    text: color('--ink'),
    surface: color('--surface'),
    line: color('--line'),
    font: style.fontFamily,
  };
};
