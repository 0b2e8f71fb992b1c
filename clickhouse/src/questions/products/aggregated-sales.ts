import type { AggregatedSales } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import { type Cover, coverOf, type Scope } from '../../calendar/cover.ts';
import { dateOf } from '../../calendar/shop-calendar.ts';
import { IS_SALE } from '../../schema/fact-sums.ts';
import { asOf, averageBasket } from '../figures/totals.ts';
import { type Gold, READ } from '../gold.ts';
import { productName } from '../names.ts';
import { Parameters } from '../parameters.ts';
import { CUSTOMERS, factsOf, type RowsContext, spansWhere } from '../rows.ts';
import { compareText } from '../text-order.ts';
import { units } from './ranking.ts';

/** One month (its first day, days since 1970) in one country, with its products. */
const row = z.object({
  month: z.int(),
  country: z.string(),
  newest: z.int(),
  /** Id, name (empty: not in the catalog), purchases, units, revenue, total of the purchases it was in, unique customers. */
  sold: z.array(z.tuple([z.string(), z.string(), z.int(), units, z.int(), z.int(), z.int()])),
});

const MONTH = 'toUInt16(toStartOfMonth(first_day))';

/** A month that is over is one row for each country; it knows how many customers bought each product, and not who. */
const wholeMonths = (context: RowsContext, scope: Scope, cover: Cover): string =>
  `SELECT ${MONTH} AS month, toString(place) AS country, toUnixTimestamp64Milli(newest) AS newest,
    arrayMap((id, p, u, r, b, c) -> (toString(id), ${productName('id')}, p, u, r, b, c), product_ids, product_purchases,
      product_units, product_revenue_minor, product_baskets_minor, product_unique_customers) AS sold
  FROM sealed.spans FINAL WHERE ${spansWhere(context, scope, cover, 'countries')}`;

/** Any other month is put together, with the customers of each product. */
const partsOfMonths = (context: RowsContext, scope: Scope, cover: Cover): string => {
  const { gold, now, parameters } = context;
  const parts: string[] = [];
  const FIGURES = 'purchases, units, revenue_minor, baskets_minor, customers';
  if (cover.spans.length > 0) {
    parts.push(`SELECT month, country, newest, toString(product_id) AS product_id, ${FIGURES}
      FROM (
        SELECT ${MONTH} AS month, toString(place) AS country, newest, product_ids, product_purchases, product_units,
          product_revenue_minor, product_baskets_minor, product_customers
        FROM sealed.spans FINAL WHERE ${spansWhere(context, scope, cover, 'countries')}
      )
      ARRAY JOIN product_ids AS product_id, product_purchases AS purchases, product_units AS units,
        product_revenue_minor AS revenue_minor, product_baskets_minor AS baskets_minor, product_customers AS customers`);
  }
  if (cover.facts.length > 0) {
    const branches = parameters.bind('branches', 'Array(String)', [...now.countries.keys()]);
    const countries = parameters.bind('countries', 'Array(String)', [...now.countries.values()]);
    const country = now.countries.size === 0 ? "''" : `transform(toString(branch_id), ${branches}, ${countries}, '')`;
    const place = scope.branch === undefined ? country : 'toString(branch_id)';
    parts.push(`SELECT month, country, max(sold_at) AS newest, toString(id) AS product_id,
        countIf(${IS_SALE} AND place = 1) AS purchases, toUInt64(sumIf(toInt64(quantity * 1000), ${IS_SALE})) AS units,
        sum(line_total) AS revenue_minor, sumIf(total_minor, ${IS_SALE} AND place = 1) AS baskets_minor, ${CUSTOMERS} AS customers
      FROM (
        SELECT toUInt16(toStartOfMonth(${gold.shopDay})) AS month, ${place} AS country, sold_at, kind, total_minor, customer_number,
          product_ids, quantities, line_totals_minor
        FROM ${factsOf(context, scope, cover)}
      )
      ARRAY JOIN product_ids AS id, quantities AS quantity, line_totals_minor AS line_total, arrayEnumerateUniq(product_ids) AS place
      GROUP BY month, country, product_id`);
  }
  return `SELECT month, country, toUnixTimestamp64Milli(max(up_to)) AS newest,
    groupArray((product_id, ${productName('product_id')}, p, u, r, b, c)) AS sold
  FROM (
    SELECT month, country, product_id, max(newest) AS up_to, sum(purchases) AS p, sum(units) AS u, sum(revenue_minor) AS r,
      sum(baskets_minor) AS b, groupBitmapMerge(customers) AS c
    FROM (
      ${parts.join('\n      UNION ALL ')}
    )
    GROUP BY month, country, product_id
  )
  GROUP BY month, country`;
};

const sql = (context: RowsContext, scope: Scope): string | undefined => {
  const { gold, now } = context;
  // Slots that tell a product's customers are of countries, on the day of the horizon; branches have none.
  const slotsFrom = scope.branch === undefined ? now.openDay : Number.POSITIVE_INFINITY;
  const { spans, facts } = coverOf(gold.calendar, scope, now.horizon, { coarsest: 'month', slotsFrom });
  const months = { spans: spans.filter(({ level }) => level === 'month'), facts: [] };
  const rest = { spans: spans.filter(({ level }) => level !== 'month'), facts };
  const parts = [
    ...(months.spans.length > 0 ? [wholeMonths(context, scope, months)] : []),
    ...(rest.spans.length > 0 || facts.length > 0 ? [partsOfMonths(context, scope, rest)] : []),
  ];
  return parts.length === 0 ? undefined : `${parts.join('\n  UNION ALL ')}\n  ${READ}`;
};

/**
 * Sales by product, country and month of the shop's business days. `average_basket_minor` is the mean total of the
 * purchases that the product was in. Both ends of the scope must be given; neither purchases nor customers add up
 * over products.
 */
export const readAggregatedSales = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<AggregatedSales> => {
  const parameters = new Parameters();
  const now = await gold.now();
  const text = sql({ gold, now, parameters }, scope);
  if (text === undefined) return { as_of: null, rows: [] };
  const query = { name: 'aggregated_sales', sql: text, params: parameters.values, row, signal };
  const found = await gold.clickhouse.rows(query);
  found.sort((a, b) => a.month - b.month || compareText(a.country, b.country));
  return {
    as_of: asOf(found.map(({ newest }) => newest)),
    rows: found.flatMap(({ month, country, sold }) =>
      sold
        .map(([product_id, name, purchases, units, revenue_minor, baskets_minor, unique_customers]) => ({
          product_id,
          // One that the catalog does not know keeps its id.
          product: name || product_id,
          country: scope.branch === undefined ? country : (now.countries.get(scope.branch) ?? ''),
          month: dateOf(month).slice(0, 7),
          purchases,
          units,
          revenue_minor,
          average_basket_minor: averageBasket(baskets_minor, purchases),
          unique_customers,
        }))
        .sort((a, b) => b.units - a.units || compareText(a.product, b.product)),
    ),
  };
};
