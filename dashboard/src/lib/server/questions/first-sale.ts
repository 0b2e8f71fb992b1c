import type { ClickHouse } from '@tillstream/clickhouse/client';
import { ONE_THREAD } from '@tillstream/clickhouse/facts';
import type { Gold } from '@tillstream/clickhouse/gold';
import { z } from 'zod';
import type { Scope } from '../parameters.ts';
import { IN_SCOPE, scopeParams } from './in-scope.ts';

/** Over the first day of the scope or, if that begins before all there is, from the first slot with facts on. */
const ON_FIRST_DAY = `
  WITH (SELECT min(slot) FROM silver.purchases) AS earliest
  SELECT toUnixTimestamp(min(slot)) AS first_slot, count() AS sold FROM gold.purchases
  WHERE ${IN_SCOPE} AND slot < greatest(earliest, toDateTime({from:DateTime64(3, 'UTC')}, 'UTC')) + INTERVAL 1 DAY
  SETTINGS ${ONE_THREAD}`;
const FIRST_DAY = 'SELECT toUInt16(minIf(day, purchases > 0)) AS first_day, sum(purchases) AS sold FROM period';
const FIRST_SLOT = `SELECT toUnixTimestamp(min(slot)) AS first_slot, count() AS sold FROM gold.purchases WHERE ${IN_SCOPE}`;

const firstDay = z.object({ first_day: z.int(), sold: z.int() });
const firstSlot = z.object({ first_slot: z.int(), sold: z.int() });

/**
 * The slot (its beginning, ms) of the first sale in a scope; undefined when there is none. It looks at the
 * scope's first day first, which nearly always has it; else the day is found among sealed days, the slot among its facts.
 */
export const firstSaleSlot = async (
  gold: Gold,
  clickhouse: ClickHouse,
  scope: Scope,
  signal?: AbortSignal,
): Promise<number | undefined> => {
  const early = { name: 'first_sale', sql: ON_FIRST_DAY, params: scopeParams(scope), row: firstSlot, signal };
  const { first_slot, sold } = await clickhouse.row(early);
  if (sold > 0) return first_slot * 1000;
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
