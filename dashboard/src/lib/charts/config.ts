import type { ChartConfiguration, ChartDataset } from 'chart.js';

/** A chart of this page: bars, with a line over them at times. Values are minor units of money, or counts. */
export type RevenueChart = ChartConfiguration<'bar' | 'line', (number | null)[], string>;

/** Characters of a label below an axis. */
const LONGEST_LABEL = 16;

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
  /** How much larger than elsewhere a wall screen shows everything. */
  zoom: number;
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
        ticks: {
          color: theme.muted,
          font: { family: theme.font, size: 12 * theme.zoom },
          maxRotation: 0,
          autoSkipPadding: 16,
          callback: (index) => shortened(labels[Number(index)] ?? ''),
        },
      },
      y: {
        beginAtZero: true,
        border: { display: false },
        title: axisTitle(theme, up),
        grid: { color: theme.line },
        ticks: {
          color: theme.muted,
          font: { family: theme.font, size: 12 * theme.zoom },
          maxTicksLimit: 5,
          // Cents, customers, milliseconds: none of them comes in halves.
          precision: 0,
          callback: (value) => axis(Number(value)),
        },
      },
    },
    plugins: {
      tooltip: {
        backgroundColor: theme.text,
        titleColor: theme.surface,
        bodyColor: theme.surface,
        titleFont: { family: theme.font, weight: 600, size: 12 * theme.zoom },
        bodyFont: { family: theme.font, size: 12 * theme.zoom },
        padding: 12 * theme.zoom,
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

/** In full it stands in the tooltip and in the table. */
const shortened = (label: string) => (label.length > LONGEST_LABEL ? `${label.slice(0, LONGEST_LABEL - 1)}…` : label);

const axisTitle = (theme: Theme, text: string) => ({
  display: true,
  text,
  color: theme.muted,
  font: { family: theme.font, size: 12 * theme.zoom },
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
    zoom: Number(color('--zoom')) || 1,
  };
};
