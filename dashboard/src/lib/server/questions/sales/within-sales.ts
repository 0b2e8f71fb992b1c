import type { Scope } from '@tillstream/clickhouse/calendar/cover';
import { BEGINNING, END } from '@tillstream/clickhouse/calendar/shop-calendar';
import type { Gold } from '@tillstream/clickhouse/questions/gold';
import { firstSaleSlot } from './first-sale.ts';
import { newestSale } from './newest-sale.ts';

/**
 * The scope with an end that was left open put at the slot of the first or just after the last sale in it;
 * undefined when an end is open and there is no sale.
 */
export const withinSales = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<Scope | undefined> => {
  const [first, newest] = await Promise.all([
    scope.from > BEGINNING ? scope.from : firstSaleSlot(gold, scope, signal),
    scope.to < END ? undefined : newestSale(gold, scope, signal),
  ]);
  if (first === undefined || newest === null) return undefined;
  return { ...scope, from: first, to: newest === undefined ? scope.to : Date.parse(newest) + 1 };
};
