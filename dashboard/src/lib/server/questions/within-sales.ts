import type { ClickHouse } from '@tillstream/clickhouse/client';
import { BEGINNING, END } from '@tillstream/clickhouse/shop-calendar';
import type { Scope } from '../parameters.ts';
import { readSoldBetween } from './sold-between.ts';

/**
 * The scope with an end that was left open put at the first or just after the last sale in it;
 * undefined when an end is open and there is no sale.
 */
export const withinSales = async (
  clickhouse: ClickHouse,
  scope: Scope,
  signal?: AbortSignal,
): Promise<Scope | undefined> => {
  if (scope.from > BEGINNING && scope.to < END) return scope;
  const sold = await readSoldBetween(clickhouse, scope, signal);
  if (sold === undefined) return undefined;
  return {
    ...scope,
    from: scope.from > BEGINNING ? scope.from : sold.from,
    to: scope.to < END ? scope.to : sold.to,
  };
};
