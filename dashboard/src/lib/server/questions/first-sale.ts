import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Gold } from '@tillstream/clickhouse/gold';
import { z } from 'zod';
import type { Scope } from '../parameters.ts';
import { IN_SCOPE, scopeParams } from './in-scope.ts';

const FIRST_DAY = 'SELECT toUInt16(minIf(day, purchases > 0)) AS first_day, sum(purchases) AS sold FROM period';
const FIRST_SLOT = `SELECT toUnixTimestamp(min(slot)) AS first_slot, count() AS sold FROM gold.purchases WHERE ${IN_SCOPE}`;

const firstDay = z.object({ first_day: z.int(), sold: z.int() });
const firstSlot = z.object({ first_slot: z.int(), sold: z.int() });

/**
 * The slot (its beginning, ms) of the first sale in a scope; undefined when there is none. The day is found among sealed
 * days, the slot among the facts of that day.
 */
export const firstSaleSlot = async (
  gold: Gold,
  clickhouse: ClickHouse,
  scope: Scope,
  signal?: AbortSignal,
): Promise<number | undefined> => {
  const question = { name: 'first_day', scopes: { period: scope }, coarsest: 'day', sql: FIRST_DAY } as const;
  const [found] = await gold.answer({ ...question, row: firstDay, signal });
  if (found === undefined || found.sold === 0) return undefined;
  const { dayStart } = gold.calendar;
  const params = scopeParams({
    branch: scope.branch,
    from: Math.max(scope.from, dayStart(found.first_day)),
    to: Math.min(scope.to, dayStart(found.first_day + 1)),
  });
  const first = await clickhouse.row({ name: 'first_slot', sql: FIRST_SLOT, params, row: firstSlot, signal });
  // Its only sale may have become void in between.
  return first.sold === 0 ? undefined : first.first_slot * 1000;
};
