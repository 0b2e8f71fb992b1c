import type { ChartDataset } from 'chart.js';
import { outside, type UsualRange } from '../figures/usual-range.ts';
import { text } from '../text/common.ts';
import type { Format } from '../words/format.ts';
import type { Theme } from './config.ts';

/** A bar of the chart: what it brought, null for one that has not begun, and whether it is over and can be judged. */
export interface Judged {
  revenue_minor: number | null;
  over: boolean;
  usual: UsualRange | null | undefined;
}

const sideOf = ({ revenue_minor, over, usual }: Judged) =>
  over && revenue_minor !== null ? outside(revenue_minor, usual) : undefined;

/** The usual range as a band, and a triangle on each bar far outside of it. They carry no label: no tooltip of their own. */
export const usualDatasets = (
  points: readonly Judged[],
  theme: Theme,
): ChartDataset<'bar' | 'line', (number | null)[]>[] => {
  const edge = { type: 'line', borderWidth: 0, pointRadius: 0, pointHitRadius: 0, order: 2 } as const;
  return [
    {
      type: 'line',
      data: points.map((point) => (sideOf(point) === undefined ? null : point.revenue_minor)),
      showLine: false,
      pointStyle: 'triangle',
      pointRadius: 7,
      pointHitRadius: 0,
      pointBackgroundColor: theme.alert,
      pointBorderColor: theme.surface,
      pointBorderWidth: 1.5,
      order: -1,
    },
    { ...edge, data: points.map(({ usual }) => usual?.low ?? null), fill: false },
    { ...edge, data: points.map(({ usual }) => usual?.high ?? null), fill: '-1', backgroundColor: `${theme.muted}33` },
  ];
};

/** What a tooltip and a table add to a value: what is usual, and whether it is far from it. */
export const usualNote = (point: Judged | undefined, format: Format): string => {
  const usual = point?.usual;
  if (point === undefined || usual === null || usual === undefined) return '';
  const range = text.usual.range(format.money(usual.low), format.money(usual.high));
  const side = sideOf(point);
  return side === undefined ? range : `${text.usual[side]}, ${range}`;
};

/** The newest bar far outside of what is usual, in a sentence that names it; empty when there is none. */
export const usualFinding = (points: readonly Judged[], nameOf: (index: number) => string, format: Format): string => {
  const odd = points.flatMap((point, index) => (sideOf(point) === undefined ? [] : [index]));
  const last = odd.at(-1);
  const point = points[last ?? -1];
  if (last === undefined || !point?.usual) return '';
  const { low, high } = point.usual;
  const sentence = text.usual.finding(
    nameOf(last),
    format.money(point.revenue_minor ?? 0),
    format.money(low),
    format.money(high),
  );
  return odd.length === 1 ? sentence : `${sentence} ${text.usual.more(format.number(odd.length - 1), odd.length - 1)}`;
};
