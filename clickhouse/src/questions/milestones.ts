import { coverOf, type Scope } from '../calendar/cover.ts';
import { dateOf } from '../calendar/shop-calendar.ts';
import type { RowsContext } from './rows.ts';

/** A customer's first purchase, and the one that reached the loyal threshold; in the chain, and in each branch. */
export type Milestone = 'first' | 'loyal';

/** A column that tells rows of milestones apart, as SQL over a day and over a moment's `slot`. */
type Key = readonly [ofDay: string, ofMoment: string];

export interface MilestoneOptions {
  milestones: readonly Milestone[];
  /** Whether each branch is counted, and not the scope's branch or the chain. */
  everyBranch?: boolean;
  keys: Readonly<Record<string, Key>>;
}

/**
 * SQL of rows that together are the milestones of a scope, with the keys and `customers`: sums of the days before the open
 * one, and counts of the moments since, or of a day that a border cuts. To stand after FROM.
 */
export const milestoneRows = (
  { gold, now, parameters }: RowsContext,
  scope: Scope,
  { milestones, everyBranch = false, keys }: MilestoneOptions,
): string => {
  const { from, to, branch } = scope;
  const cover = coverOf(gold.calendar, scope, now.openDay, { coarsest: 'day', slotsFrom: Number.POSITIVE_INFINITY });
  const names = Object.keys(keys);
  const of = [
    `milestone IN (${milestones.map((milestone) => `'${milestone}'`).join(', ')})`,
    everyBranch ? "branch_id != ''" : `branch_id = ${parameters.bind('branch', 'String', branch ?? '')}`,
  ].join(' AND ');
  const parts: string[] = [];

  for (const days of cover.spans) {
    const [first, last] = [gold.calendar.dayOf(days.from), gold.calendar.dayOf(days.to - 1)];
    const selected = Object.entries(keys).map(([name, [ofDay]]) => `${ofDay} AS ${name}`);
    const from = parameters.bind('first_day', 'Date', dateOf(Math.max(0, first)));
    const until = parameters.bind('last_day', 'Date', dateOf(last));
    parts.push(`SELECT ${[...selected, 'customers'].join(', ')} FROM sealed.milestone_days FINAL
      WHERE clock = ${parameters.bind('clock', 'String', gold.clock)} AND ${of} AND day >= ${from} AND day <= ${until}`);
  }
  if (cover.facts.length > 0) {
    const ranges = cover.facts.map(
      (range) =>
        `slot >= ${parameters.seconds('moments_from', range.from)} AND slot < ${parameters.seconds('moments_to', range.to)}`,
    );
    const selected = Object.entries(keys).map(([name, [, ofMoment]]) => `${ofMoment} AS ${name}`);
    const within = `newest.1 AND newest.2 >= ${parameters.moment('from', from)} AND newest.2 < ${parameters.moment('to', to)}`;
    parts.push(`SELECT ${[...selected, `countIf(${within}) AS customers`].join(', ')}
      FROM (
        SELECT branch_id, milestone, slot, argMax((active, moment), revision) AS newest FROM silver.customer_milestones
        WHERE ${of} AND (${ranges.join(' OR ')}) GROUP BY branch_id, milestone, slot, customer_number
      )${names.length > 0 ? ` GROUP BY ${names.join(', ')}` : ''}`);
  }
  if (parts.length === 0) {
    const selected = Object.entries(keys).map(([name, [ofDay]]) => `${ofDay} AS ${name}`);
    parts.push(`SELECT ${[...selected, 'customers'].join(', ')} FROM sealed.milestone_days WHERE 0`);
  }
  return `(${parts.join('\n    UNION ALL ')})`;
};

/** SQL of how many customers of a scope had a milestone in it, as a scalar. */
export const countMilestones = (context: RowsContext, scope: Scope, milestone: Milestone): string =>
  `(SELECT sum(customers) FROM ${milestoneRows(context, scope, { milestones: [milestone], keys: {} })})`;

/** The same of both as one scalar: a pair of how many had their first purchase and how many became loyal. */
export const countBothMilestones = (context: RowsContext, scope: Scope): string =>
  `(SELECT (sumIf(customers, milestone = 'first'), sumIf(customers, milestone = 'loyal')) FROM ${milestoneRows(
    context,
    scope,
    { milestones: ['first', 'loyal'], keys: { milestone: ['milestone', 'milestone'] } },
  )})`;
