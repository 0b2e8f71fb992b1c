/*
 * What one fact (a row of silver.purchases) adds to a figure, as SQL over its columns. A return counts in money alone.
 */

/** SQL that is true for a sale, and not for a return. */
export const IS_SALE = "kind = 'sale'";

/**
 * Aggregates over facts, by the column of sealed.spans that they are.
 *
 * @param counts SQL that is true for the facts that count; absent: all do
 */
export const sumsOfFacts = (counts?: string) => {
  const only = (what: string) => (counts === undefined ? what : `${counts} AND ${what}`);
  const over = (aggregate: string, column: string) =>
    counts === undefined ? `${aggregate}(${column})` : `${aggregate}If(${column}, ${counts})`;
  return {
    purchases: `countIf(${only(IS_SALE)})`,
    items: over('sum', 'units'),
    revenue_minor: over('sum', 'total_minor'),
    gross_minor: over('sum', 'gross_minor'),
    discount_minor: over('sum', 'discount_minor'),
    returned_minor: `-sumIf(total_minor, ${only(`NOT ${IS_SALE}`)})`,
    returns: `countIf(${only(`NOT ${IS_SALE}`)})`,
    newest: over('max', 'sold_at'),
  };
};

export const SUMS_OF_FACTS = sumsOfFacts();

/** By what figures are broken down, besides products, places and time. */
export const DIMENSIONS = ['channel', 'cashier', 'tender'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** How keys of a dimension begin in the map of {@link breakdownOf}: `cashier=Ana`. */
export const keyPrefix = (dimension: Dimension): string => `${dimension}=`;

/**
 * SQL of a map by channel, cashier and tender: purchases, items, what was sold (after discounts), discounts, what was paid back, returns. By
 * tender what was sold is what was paid by it, and items and discounts are none; a return has no tender, so it is under the empty one.
 */
export const breakdownOf = (): string => {
  const paid = `if(empty(tender_types), [''], tender_types)`;
  const amounts = `if(empty(tender_types), [if(${IS_SALE}, total_minor, 0)], tender_amounts_minor)`;
  const returned = `if(${IS_SALE}, 0, -total_minor), toInt64(NOT ${IS_SALE})`;
  const whole = `[toInt64(${IS_SALE}), toInt64(units), if(${IS_SALE}, total_minor, 0), discount_minor, ${returned}]`;
  return `mapFromArrays(
      arrayConcat([concat('channel=', channel), concat('cashier=', cashier)], arrayMap(type -> concat('tender=', type), ${paid})),
      arrayConcat([${whole}, ${whole}], arrayMap((amount, nth) -> [toInt64(${IS_SALE} AND nth = 1), 0, amount, 0, ${returned}],
        ${amounts}, arrayEnumerateUniq(${paid}))))`;
};

/**
 * SQL of a map by product: thousandths of units sold, revenue, whether it is the basket's first line of it and (with `baskets`) the basket's
 * total there. A product on several lines stands in it several times.
 */
export const soldOf = ({ baskets = false }: { baskets?: boolean } = {}): string =>
  `mapFromArrays(product_ids, arrayMap(
      (quantity, line_total, nth) -> [toInt64(if(${IS_SALE}, quantity * 1000, 0)), line_total, toInt64(${IS_SALE} AND nth = 1)${
        baskets ? `, if(${IS_SALE} AND nth = 1, total_minor, 0)` : ''
      }],
      quantities, line_totals_minor, arrayEnumerateUniq(product_ids)))`;
