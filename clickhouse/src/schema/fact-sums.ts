/*
 * What one fact (a row of silver.purchases) adds to a figure, as SQL over its columns. A return counts in money alone.
 */

/** SQL that is true for a sale, and not for a return. */
export const IS_SALE = "kind = 'sale'";

/** Aggregates over facts that count, by the column of sealed.spans that they are. */
export const SUMS_OF_FACTS = {
  purchases: `countIf(${IS_SALE})`,
  items: 'sum(units)',
  revenue_minor: 'sum(total_minor)',
  gross_minor: 'sum(gross_minor)',
  discount_minor: 'sum(discount_minor)',
  returned_minor: `-sumIf(total_minor, NOT ${IS_SALE})`,
  returns: `countIf(NOT ${IS_SALE})`,
  newest: 'max(sold_at)',
} as const;

/** By what figures are broken down, besides products, places and time. */
export const DIMENSIONS = ['channel', 'cashier', 'tender'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** How keys of a dimension begin in the map of {@link breakdownOf}: `cashier=Ana`. */
export const keyPrefix = (dimension: Dimension): string => `${dimension}=`;

/**
 * SQL of a map by channel, cashier and tender: purchases, items, what was sold (after discounts), discounts, what was paid back, returns. By
 * tender what was sold is what was paid by it, and items and discounts are none; a return has no tender, so it is under the empty one.
 */
export const breakdownOf = (isSale: string = IS_SALE): string => {
  const paid = `if(empty(tender_types), [''], tender_types)`;
  const amounts = `if(empty(tender_types), [if(${isSale}, total_minor, 0)], tender_amounts_minor)`;
  const returned = `if(${isSale}, 0, -total_minor), toInt64(NOT ${isSale})`;
  const whole = `[toInt64(${isSale}), toInt64(units), if(${isSale}, total_minor, 0), discount_minor, ${returned}]`;
  return `mapFromArrays(
      arrayConcat([concat('channel=', channel), concat('cashier=', cashier)], arrayMap(type -> concat('tender=', type), ${paid})),
      arrayConcat([${whole}, ${whole}], arrayMap((amount, nth) -> [toInt64(${isSale} AND nth = 1), 0, amount, 0, ${returned}],
        ${amounts}, arrayEnumerateUniq(${paid}))))`;
};

/**
 * SQL of a map by product: thousandths of units sold, revenue, whether it is the basket's first line of it and (with `baskets`) the basket's
 * total there. A product on several lines stands in it several times.
 */
export const soldOf = ({ baskets = false, isSale = IS_SALE }: { baskets?: boolean; isSale?: string } = {}): string =>
  `mapFromArrays(product_ids, arrayMap(
      (quantity, line_total, nth) -> [toInt64(if(${isSale}, quantity * 1000, 0)), line_total, toInt64(${isSale} AND nth = 1)${
        baskets ? `, if(${isSale} AND nth = 1, total_minor, 0)` : ''
      }],
      quantities, line_totals_minor, arrayEnumerateUniq(product_ids)))`;
