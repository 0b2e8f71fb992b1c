import type { ViewDays } from '../figures/page-answer.ts';
import type { View } from './view.ts';

/** Links into the read API for what a page shows, as CSV. */
export const csvLink = (table: string, view: View, days: ViewDays, more: Record<string, string> = {}): string => {
  const query = new URLSearchParams(more);
  if (view.branch !== undefined) query.set('branch', view.branch);
  if (days.from !== undefined) query.set('from', days.from);
  if (days.to !== undefined) query.set('to', days.to);
  query.set('format', 'csv');
  return `/api/${table}?${query}`;
};
