import type { ChartDataset } from 'chart.js';
import { type RevenueChart, revenueChart, type Theme } from './config.ts';

/** A chart of one or two series over the same points. */
export interface Bars {
  labels: string[];
  /** In full, for the tooltip; absent: the labels. */
  titles?: string[];
  series: { label: string; kind: 'bar' | 'line'; values: number[] }[];
  /** Names of the axes with their units. */
  across: string;
  up: string;
  axis: (value: number) => string;
  /** A value in full, with its unit. */
  tip: (value: number) => string;
}

/** Bars in the accent; a line beside them is dashed and grey, alone it is the accent's. */
export const barsChart = ({ labels, titles, series, across, up, axis, tip }: Bars, theme: Theme): RevenueChart => {
  const alone = series.length === 1;
  const datasets = series.map(({ label, kind, values }): ChartDataset<'bar' | 'line', (number | null)[]> => {
    if (kind === 'bar') {
      return {
        type: 'bar',
        label,
        data: values,
        backgroundColor: theme.accent,
        borderRadius: 3,
        maxBarThickness: 36 * theme.zoom,
      };
    }
    return {
      type: 'line',
      label,
      data: values,
      borderColor: alone ? theme.accent : theme.muted,
      backgroundColor: theme.surface,
      borderWidth: 2,
      borderDash: alone ? [] : [2, 4],
      pointRadius: values.length > 40 ? 0 : 3,
      pointHitRadius: 12,
    };
  });
  return revenueChart(labels, datasets, {
    theme,
    across,
    up,
    axis,
    title: (index) => (titles ?? labels)[index] ?? '',
    tip: (label, _, value) => `${label}: ${tip(value)}`,
  });
};
