import type { Scope } from '../cover.ts';
import type { RowsOptions } from '../exact-rows.ts';

/** A period in UTC that tells nothing apart, for unit tests. */
export const periodOptions = (scope: Scope): RowsOptions => ({
  name: 'period',
  scope,
  coarsest: 'year',
  byHour: false,
  byWeekday: false,
  byBranch: false,
  shopDay: 'toDate(slot)',
  timeZone: 'UTC',
});
