import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Period } from '@tillstream/clickhouse/shop-calendar';
import { z } from 'zod';
import type { Scope } from '../parameters.ts';
import { IN_SCOPE, scopeParams } from './in-scope.ts';

const FROM_FACTS = `
  SELECT count() AS purchases, toUnixTimestamp64Milli(min(sold_at)) AS first, toUnixTimestamp64Milli(max(sold_at)) AS last
  FROM gold.purchases
  WHERE ${IN_SCOPE}`;

/** The same from figures by the slot, for ends on a slot's border; the first sale is put at its slot's beginning. */
const FROM_SLOTS = `
  SELECT sum(sold.purchases) AS purchases, toInt64(toUnixTimestamp(min(slot))) * 1000 AS first, toUnixTimestamp64Milli(max(newest)) AS last
  FROM gold.slots AS sold
  WHERE slot >= {from:DateTime64(3, 'UTC')} AND slot < {to:DateTime64(3, 'UTC')} AND sold.purchases > 0
    AND ({branch:String} = '' OR branch_id = {branch:String})`;

const SLOT_MS = 900_000;

const row = z.object({ purchases: z.int(), first: z.int(), last: z.int() });

/** From the first sale in the scope, or the slot it is in, to just after the last one; undefined when there is none. */
export const readSoldBetween = async (
  clickhouse: ClickHouse,
  scope: Scope,
  signal?: AbortSignal,
): Promise<Period | undefined> => {
  const onBorders = scope.from % SLOT_MS === 0 && scope.to % SLOT_MS === 0;
  const sql = onBorders ? FROM_SLOTS : FROM_FACTS;
  const found = await clickhouse.row({ name: 'sold_between', sql, params: scopeParams(scope), row, signal });
  return found.purchases === 0 ? undefined : { from: found.first, to: found.last + 1 };
};
