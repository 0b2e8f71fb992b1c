import { COUNTRY, sortedCustomers } from './facts.ts';

/**
 * Figures of products by the keys `by` and `product_id`, as SQL: the purchases it was in, its units and revenue, the total of those
 * purchases, its newest sale, and its customers, as a bitmap unless told otherwise. A key is SQL over silver.purchases under its name.
 * A product that stands twice in a basket is still one purchase of it: only its first place counts the basket.
 */
export const productFacts = (
  by: Readonly<Record<string, string>>,
  where: string,
  customers = sortedCustomers('customer_number'),
): string => `
  SELECT ${Object.keys(by).join(', ')}, product_id,
    countIf(place = 1) AS purchases, sum(quantity) AS units, sum(quantity * unit_price_minor) AS revenue_minor,
    sumIf(total_minor, place = 1) AS baskets_minor, max(sold_at) AS newest, ${customers} AS customers
  FROM (
    SELECT ${Object.entries(by)
      .map(([name, sql]) => `${sql} AS ${name}`)
      .join(', ')}, total_minor, sold_at, customer_number, product_ids, quantities, unit_prices_minor
    FROM silver.purchases FINAL WHERE status = 'recorded' AND ${where}
  )
  ARRAY JOIN product_ids AS product_id, quantities AS quantity, unit_prices_minor AS unit_price_minor, arrayEnumerateUniq(product_ids) AS place
  GROUP BY ${Object.keys(by).join(', ')}, product_id`;

/** The keys by which products are sealed, for {@link productFacts}. */
export const sealedKeys = (shopDay: string) => ({
  of_day: shopDay,
  branch: 'toString(branch_id)',
  of_country: `toString(${COUNTRY})`,
});

/** The figures of {@link productFacts} over several rows `part` of one product. */
export const FOLDED_PRODUCTS = `
    sum(part.purchases) AS purchases, sum(part.units) AS units, sum(part.revenue_minor) AS revenue_minor,
    sum(part.baskets_minor) AS baskets_minor, max(part.newest) AS newest, groupBitmapMergeState(part.customers) AS customers`;

/** Rows of gold.sealed_products as rows of products with the figures of {@link productFacts}. */
export const UNPACKED_PRODUCTS = `
  ARRAY JOIN product_ids AS product_id, product_purchases AS purchases, product_units AS units, product_revenue_minor AS revenue_minor,
    product_baskets_minor AS baskets_minor, product_customers AS customers`;
