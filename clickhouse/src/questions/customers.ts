import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf } from './figures.ts';

const SQL = `
  SELECT bitmapCardinality(here) AS unique_customers, bitmapAndCardinality(here, before) AS returning_customers,
    toUnixTimestamp64Milli(newest_here) AS newest
  FROM (
    SELECT groupBitmapMergeStateIf(customers, is_period) AS here, groupBitmapMergeStateIf(customers, NOT is_period) AS before,
      maxIf(newest, is_period) AS newest_here
    FROM (
      SELECT customers, newest, true AS is_period FROM period
      UNION ALL
      SELECT customers, newest, false AS is_period FROM earlier
    )
  )`;

const row = z.object({ unique_customers: z.int(), returning_customers: z.int(), newest: z.int() });

/** New customers have no purchase before the period (with a branch: there), returning ones have. Neither adds up over branches. */
export interface NewAndReturning {
  as_of: string | null;
  unique_customers: number;
  new_customers: number;
  returning_customers: number;
}

/** The customers of a period, by whether they had bought before it. */
export const readNewAndReturning = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<NewAndReturning> => {
  const [found] = await gold.answer({
    name: 'new_and_returning',
    scopes: { period: scope, earlier: { ...scope, from: 0, to: scope.from } },
    coarsest: 'year',
    sql: SQL,
    row,
    signal,
  });
  if (found === undefined) throw new Error('query new_and_returning returned no row');
  const { unique_customers, returning_customers, newest } = found;
  return {
    as_of: asOf([newest]),
    unique_customers,
    new_customers: unique_customers - returning_customers,
    returning_customers,
  };
};
