import { z } from 'zod';
import { minorUnits } from './events.ts';

/** A moment in UTC on the wire, or null when there is no fact yet. */
const asOf = z.string().nullable();
const wholeCount = z.number().int().min(0);

/** A product in a ranking; equal products share a rank (1, 2, 3, 3). */
export const rankedProduct = z.object({
  product_id: z.string(),
  product: z.string(),
  units: wholeCount,
  revenue_minor: minorUnits,
  rank: z.number().int().min(1),
});

/** `GET /api/kpis` */
export const kpis = z.object({
  as_of: asOf,
  purchases: wholeCount,
  items: wholeCount,
  revenue_minor: minorUnits,
  average_basket_minor: minorUnits,
  unique_customers: wholeCount,
  loyal_customers: wholeCount,
  loyal_threshold: z.number().int().min(1),
  top_products: z.array(rankedProduct),
});

const totals = {
  purchases: wholeCount,
  items: wholeCount,
  revenue_minor: minorUnits,
  unique_customers: wholeCount,
};

/** `GET /api/hourly_sales`: 24 hours of the shop's clock. */
export const hourlySales = z.object({
  as_of: asOf,
  hours: z.array(z.object({ hour: z.number().int().min(0).max(23), ...totals })),
});

/** `GET /api/series?by=hour|day`: without gaps. */
export const series = z.object({
  as_of: asOf,
  points: z.array(z.object({ start: z.string(), ...totals })),
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
      units: wholeCount,
      revenue_minor: minorUnits,
      average_basket_minor: minorUnits,
      unique_customers: wholeCount,
    }),
  ),
});

/** `GET /api/health`: one entry per part of the pipeline. */
export const health = z.object({
  status: z.enum(['ok', 'degraded', 'down']),
  parts: z.record(z.string(), z.object({ status: z.enum(['ok', 'degraded', 'down']), detail: z.string() })),
});

export type Kpis = z.output<typeof kpis>;
export type HourlySales = z.output<typeof hourlySales>;
export type Series = z.output<typeof series>;
export type TopProducts = z.output<typeof topProducts>;
export type AggregatedSales = z.output<typeof aggregatedSales>;
export type RankedProduct = z.output<typeof rankedProduct>;
export type Health = z.output<typeof health>;
