import { z } from 'zod';
import type { Scope } from '../../calendar/cover.ts';
import { asOf } from '../figures/totals.ts';
import { type Gold, READ } from '../gold.ts';
import { countMilestones } from '../milestones.ts';
import { Parameters } from '../parameters.ts';
import { coverOfScope, type RowsContext, rowsOf } from '../rows.ts';

const row = z.object({ newest: z.int(), unique_customers: z.int(), new_customers: z.int() });

/** New customers have no purchase before the period (with a branch: there), returning ones have. Neither adds up over branches. */
export interface NewAndReturning {
  as_of: string | null;
  unique_customers: number;
  new_customers: number;
  returning_customers: number;
}

const sql = (context: RowsContext, scope: Scope): string => `
  SELECT toUnixTimestamp64Milli(max(newest)) AS newest, groupBitmapMerge(customers) AS unique_customers,
    ${countMilestones(context, scope, 'first')} AS new_customers
  FROM ${rowsOf(context, scope, coverOfScope(context, scope, 'year'), { columns: ['newest', 'customers'] })}
  ${READ}`;

/** The customers of a period, by whether they had bought before it: who is new had the first purchase in it. */
export const readNewAndReturning = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<NewAndReturning> => {
  const parameters = new Parameters();
  const text = sql({ gold, now: await gold.now(), parameters }, scope);
  const found = await gold.clickhouse.row({
    name: 'new_and_returning',
    sql: text,
    params: parameters.values,
    row,
    signal,
  });
  const { newest, unique_customers, new_customers } = found;
  // A purchase and its customer's milestone may be a moment apart.
  const returning_customers = Math.max(0, unique_customers - new_customers);
  return { as_of: asOf([newest]), unique_customers, new_customers, returning_customers };
};
