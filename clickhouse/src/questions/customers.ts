import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf } from './figures.ts';

/** New customers have no purchase before the period (with a branch: there), returning ones have. Neither adds up over branches. */
export interface NewAndReturning {
  as_of: string | null;
  unique_customers: number;
  new_customers: number;
  returning_customers: number;
}

/** The customers of a period, by whether they had bought before it. */
export const readNewAndReturning = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<NewAndReturning> => {
  const rows = await gold.figures({
    name: 'new_and_returning',
    scopes: { period: scope, earlier: { ...scope, from: 0, to: scope.from }, ever: { ...scope, from: 0 } },
    signal,
  });
  const customersOf = (name: string) => rows.find((row) => row.scope === name)?.unique_customers ?? 0;
  const [unique_customers, new_customers] = [customersOf('period'), customersOf('ever') - customersOf('earlier')];
  return {
    as_of: asOf(rows.filter((row) => row.scope === 'period').map(({ newest }) => newest)),
    unique_customers,
    new_customers,
    returning_customers: unique_customers - new_customers,
  };
};
