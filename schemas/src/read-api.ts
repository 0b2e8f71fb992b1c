import { z } from 'zod';
import { minorUnits } from './events.ts';

/** A moment in UTC on the wire, or null when there is no fact yet. */
const asOf = z.string().nullable();
const wholeCount = z.number().int().min(0);
/** Pieces, or kilograms with up to three decimals: what was sold; returns do not take it back. */
const quantity = z.number().min(0);

/** What makes up the revenue: it is gross less discounts less what was paid back for returns, each at its own time. */
const money = {
  /** Quantities × prices of what was sold. */
  gross_minor: minorUnits,
  discount_minor: minorUnits,
  returned_minor: minorUnits,
  returns: wholeCount,
};

/** A product in a ranking; equal products share a rank (1, 2, 3, 3). */
export const rankedProduct = z.object({
  product_id: z.string(),
  product: z.string(),
  units: quantity,
  revenue_minor: minorUnits,
  rank: z.number().int().min(1),
});

/** `GET /api/kpis` */
export const kpis = z.object({
  as_of: asOf,
  purchases: wholeCount,
  items: wholeCount,
  revenue_minor: minorUnits,
  ...money,
  average_basket_minor: minorUnits,
  unique_customers: wholeCount,
  loyal_customers: wholeCount,
  loyal_threshold: z.number().int().min(1),
  top_products: z.array(rankedProduct),
});

const sums = {
  purchases: wholeCount,
  items: wholeCount,
  revenue_minor: minorUnits,
};
const hourOfDay = z.number().int().min(0).max(23);

/** `GET /api/hourly_sales`: 24 hours of the shop's clock. */
export const hourlySales = z.object({
  as_of: asOf,
  hours: z.array(z.object({ hour: hourOfDay, ...sums })),
});

/** `GET /api/series?by=hour|day`: without gaps. A point has `unique_customers` and what makes up the revenue by day, not by hour. */
export const series = z.object({
  as_of: asOf,
  points: z.array(
    z.object({
      start: z.string(),
      ...sums,
      ...z.object(money).partial().shape,
      unique_customers: wholeCount.optional(),
    }),
  ),
});

/** `GET /api/top_products` */
export const topProducts = z.object({ as_of: asOf, products: z.array(rankedProduct) });

/** `GET /api/aggregated_sales?month=YYYY-MM` */
export const aggregatedSales = z.object({
  as_of: asOf,
  rows: z.array(
    z.object({
      product_id: z.string(),
      product: z.string(),
      country: z.string(),
      month: z.string(),
      purchases: wholeCount,
      units: quantity,
      revenue_minor: minorUnits,
      average_basket_minor: minorUnits,
      unique_customers: wholeCount,
    }),
  ),
});

/** `GET /api/product_ranking`: every product that was sold. `purchases` are those with the product. */
const productRanking = z.object({
  as_of: asOf,
  products: z.array(
    z.object({
      product_id: z.string(),
      product: z.string(),
      units: quantity,
      revenue_minor: minorUnits,
      purchases: wholeCount,
    }),
  ),
});

/** `GET /api/product_sales?product=&by=day|hour|branch`: each row has one of `day`, `hour` and `branch`. */
const productSales = z.object({
  as_of: asOf,
  sales: z.array(
    z.object({
      day: z.string().optional(),
      hour: z.string().optional(),
      branch: z.string().optional(),
      units: quantity,
      revenue_minor: minorUnits,
      purchases: wholeCount,
    }),
  ),
});

/** `GET /api/branch_sales`: branches side by side. `loyal_customers` had reached the threshold there before `to`. */
const branchSales = z.object({
  as_of: asOf,
  branches: z.array(
    z.object({
      branch_id: z.string(),
      ...sums,
      ...money,
      unique_customers: wholeCount,
      loyal_customers: wholeCount,
      average_basket_minor: minorUnits,
      newest_sale: asOf,
    }),
  ),
});

/** Sales under one key of a breakdown. Which figures there are depends on `by`. */
const broken = {
  /** E.g. `Fruit`, `web`, `cash`, `Ana`; empty: no category, or the till does not say. */
  key: z.string(),
  /** By channel and cashier. */
  purchases: wholeCount.optional(),
  /** By tender: purchases in which something was paid by it. */
  purchases_with_it: wholeCount.optional(),
  /** By category: pieces and kilograms. */
  units: quantity.optional(),
  /** By channel and cashier. */
  items: wholeCount.optional(),
  /** What was paid by a tender. */
  amount_minor: minorUnits.optional(),
  /** Less discounts and returns. What is paid back has no tender: by tender it is taken off the empty key. */
  revenue_minor: minorUnits,
  /** By channel and cashier. */
  gross_minor: minorUnits.optional(),
  discount_minor: minorUnits.optional(),
  /** Not by category. By cashier: of those who took it back. By channel: of the purchases that came by it. */
  returned_minor: minorUnits.optional(),
  returns: wholeCount.optional(),
};

/** `GET /api/breakdown?by=category|channel|tender|cashier`: `share` (0 to 1) is of the revenue, by tender of the amount. */
const breakdown = z.object({ as_of: asOf, rows: z.array(z.object({ ...broken, share: z.number() })) });

/** `GET /api/breakdown_series?by=category|channel|tender|cashier&key=`: by business day, where there is something. */
const breakdownSeries = z.object({ as_of: asOf, rows: z.array(z.object({ day: z.string(), ...broken })) });

/** `GET /api/week_grid`: weekday of the business day (1 Monday … 7 Sunday) × hour of the shop's clock. */
const weekGrid = z.object({
  as_of: asOf,
  cells: z.array(z.object({ weekday: z.number().int().min(1).max(7), hour: hourOfDay, ...sums })),
});

/** `GET /api/loyal_customers`: at the end of each business day. */
const loyalCustomers = z.object({
  as_of: asOf,
  points: z.array(z.object({ start: z.string(), loyal_customers: wholeCount })),
});

/** When a figure that is refreshed now and then was read. */
const readAt = z.string();

/** `GET /api/frequency`: customers by how often they bought; the last row means that often or more. */
const frequency = z.object({
  as_of: asOf,
  read_at: readAt,
  rows: z.array(z.object({ purchases: wholeCount, customers: wholeCount })),
});

/** `GET /api/retention`: of the customers who first bought in a month (`YYYY-MM`), those who bought so many months after. */
const retention = z.object({
  as_of: asOf,
  read_at: readAt,
  rows: z.array(z.object({ first_purchase: z.string(), months_after: wholeCount, customers: wholeCount })),
});

/** `GET /api/top_customers`: who spent most, under a pseudonym. */
const topCustomers = z.object({
  as_of: asOf,
  read_at: readAt,
  customers: z.array(
    z.object({
      pseudonym: z.string(),
      purchases: wholeCount,
      spent_minor: minorUnits,
      loyal: z.boolean(),
      last_sold_at: z.string(),
    }),
  ),
});

/** `GET /api/health`: one entry per part of the pipeline. */
export const health = z.object({
  status: z.enum(['ok', 'degraded', 'down']),
  parts: z.record(z.string(), z.object({ status: z.enum(['ok', 'degraded', 'down']), detail: z.string() })),
});

/** What the read API answers instead, as `application/problem+json` (RFC 9457). */
export const readProblem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  instance: z.string(),
  /** Every fault of the query string, each with the parameter it is in. */
  errors: z.array(z.object({ detail: z.string(), parameter: z.string() })).optional(),
});

const endpoint = <A extends z.ZodObject>(answer: A, rows: string | undefined, doesNotAddUp: readonly string[]) => ({
  answer,
  /** The name of the answer's table; undefined: the answer is one row itself. */
  rows,
  /**
   * Figures that must not be summed over the rows of the answer, nor over the answers for several branches or periods:
   * a customer of two days counts in both, a purchase of two products in each, and means have weights.
   */
  doesNotAddUp,
});

/** The endpoints under `/api` that answer with figures, each with what is true of its answer. */
export const READ_API = {
  kpis: endpoint(kpis, undefined, ['average_basket_minor', 'unique_customers', 'loyal_customers']),
  hourly_sales: endpoint(hourlySales, 'hours', []),
  series: endpoint(series, 'points', ['unique_customers']),
  top_products: endpoint(topProducts, 'products', []),
  aggregated_sales: endpoint(aggregatedSales, 'rows', ['purchases', 'average_basket_minor', 'unique_customers']),
  product_ranking: endpoint(productRanking, 'products', ['purchases']),
  product_sales: endpoint(productSales, 'sales', []),
  branch_sales: endpoint(branchSales, 'branches', ['unique_customers', 'loyal_customers', 'average_basket_minor']),
  breakdown: endpoint(breakdown, 'rows', ['purchases_with_it', 'share']),
  breakdown_series: endpoint(breakdownSeries, 'rows', ['purchases_with_it']),
  week_grid: endpoint(weekGrid, 'cells', []),
  loyal_customers: endpoint(loyalCustomers, 'points', ['loyal_customers']),
  frequency: endpoint(frequency, 'rows', ['customers']),
  retention: endpoint(retention, 'rows', ['customers']),
  top_customers: endpoint(topCustomers, 'customers', []),
};

export type ReadEndpoint = keyof typeof READ_API;
/** What an endpoint's question finds; `does_not_add_up` joins it on the wire. */
export type ReadAnswer<E extends ReadEndpoint> = z.input<(typeof READ_API)[E]['answer']>;

export type Kpis = z.output<typeof kpis>;
export type TopProducts = z.output<typeof topProducts>;
export type AggregatedSales = z.output<typeof aggregatedSales>;
export type RankedProduct = z.output<typeof rankedProduct>;
export type Health = z.output<typeof health>;
