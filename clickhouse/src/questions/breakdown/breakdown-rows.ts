import { z } from 'zod';
import type { Scope } from '../../calendar/cover.ts';
import type { Level } from '../../calendar/spans.ts';
import { DIMENSIONS, keyPrefix } from '../../schema/fact-sums.ts';
import { productCategory } from '../names.ts';
import { coverOfScope, type Key, type RowsContext, rowsOf } from '../rows.ts';

/** By what sales may be broken down. A category is what the catalog now says of a product. */
export const BREAKDOWNS = ['category', ...DIMENSIONS] as const;
export type BreakdownBy = (typeof BREAKDOWNS)[number];

/**
 * What was sold under one key, money in minor units. A key may be empty: products without a category, a till that does not say the cashier
 * or the tender.
 */
export interface Broken {
  /** By channel and cashier, since one purchase may hold several categories. */
  purchases?: number;
  /** By tender: those in which something was paid by it. One may have several tenders, so they do not add up. */
  purchases_with_it?: number;
  /** By category: pieces and kilograms. */
  units?: number;
  /** A weighed line is one. By channel and cashier. */
  items?: number;
  revenue_minor: number;
  /** What was paid by a tender. What is paid back has no tender: it is taken off the revenue of the empty one. */
  amount_minor?: number;
  gross_minor?: number;
  discount_minor?: number;
  returned_minor?: number;
  /** A return is of the cashier who took it back, and of the channel that its purchase came by. */
  returns?: number;
}

/** Sums of one key as statements tell them: of a category thousandths of units and revenue, else as `breakdownOf` has them. */
export const sums = z.array(z.int());

/**
 * SQL of the sums of a scope, to stand after FROM: `key`, `sums`, `newest` and whatever else tells rows apart. Returns and sales are in it,
 * each where it was made.
 *
 * @param by absent: by channel, cashier and tender, with keys as they are stored (`cashier=Ana`)
 */
export const brokenDown = (
  context: RowsContext,
  scope: Scope,
  by: BreakdownBy | undefined,
  { coarsest, keys }: { coarsest: Level; keys: Readonly<Record<string, Key>> },
): string => {
  const column = by === 'category' ? 'sold' : 'breakdown';
  const names = Object.keys(keys);
  const rows = rowsOf(context, scope, coverOfScope(context, scope, coarsest), { columns: ['newest', column], keys });
  const [key, where] =
    by === 'category'
      ? [productCategory('id'), '']
      : by === undefined
        ? ['toString(id)', '']
        : [`substring(toString(id), ${keyPrefix(by).length + 1})`, `WHERE startsWith(id, '${keyPrefix(by)}')`];
  return `(
    SELECT ${[...names, 'up_to'].join(', ')}, ${key} AS key, part
    FROM (
      SELECT ${[...names, 'max(newest) AS up_to'].join(', ')}, sumForEachMap(${column}) AS parts
      FROM ${rows}${names.length === 0 ? '' : ` GROUP BY ${names.join(', ')}`}
    )
    ARRAY JOIN mapKeys(parts) AS id, mapValues(parts) AS part
    ${where}
  )`;
};

/** The figures of one key. */
export const brokenOf = (by: BreakdownBy, found: z.output<typeof sums>): Broken => {
  const [a = 0, b = 0, sold = 0, discount_minor = 0, returned_minor = 0, returns = 0] = found;
  if (by === 'category') return { units: a / 1000, revenue_minor: b };
  const revenue_minor = sold - returned_minor;
  if (by === 'tender') return { purchases_with_it: a, revenue_minor, amount_minor: sold, returned_minor, returns };
  const gross_minor = sold + discount_minor;
  return { purchases: a, items: b, revenue_minor, gross_minor, discount_minor, returned_minor, returns };
};
