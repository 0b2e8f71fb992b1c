import type { ViewDays } from '../figures/page-answer.ts';
import type { View } from '../state/view.ts';
import { shell } from '../text/shell.ts';
import type { Format } from './format.ts';

/** The days of a view: `20 Oct – 18 Nov 2026`. */
export const periodDays = ({ days, running }: ViewDays, format: Format): string => {
  if (days === undefined) return shell.allTime;
  return running ? shell.soFar(format.range(days)) : format.range(days);
};

/** A view's name with its days: `Last 30 days, 20 Oct – 18 Nov 2026`. */
export const periodTitle = (view: View, days: ViewDays, format: Format): string => {
  if (view.period === 'all' || typeof view.period !== 'string') return periodDays(days, format);
  return `${shell.periods[view.period]}, ${days.days === undefined ? '' : format.range(days.days)}`;
};

/** What a view is compared with: `20 Sep – 19 Oct 2026 by 14:05`; undefined when with nothing. */
export const whenOf = ({ beforeDays, running, until }: ViewDays, format: Format): string | undefined => {
  if (beforeDays === undefined) return undefined;
  const range = beforeDays.first === beforeDays.last ? format.dayDate(beforeDays.first) : format.range(beforeDays);
  return running ? shell.until(range, until) : range;
};
