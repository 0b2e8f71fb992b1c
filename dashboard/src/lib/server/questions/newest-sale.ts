import type { Gold } from '@tillstream/clickhouse/gold';
import { asOf } from '@tillstream/clickhouse/questions/figures';
import { z } from 'zod';
import type { Scope } from '../parameters.ts';

const SQL = 'SELECT toUnixTimestamp64Milli(max(newest)) AS newest FROM period';

const row = z.object({ newest: z.int() });

/**
 * When the newest sale in a scope was made, null when there is none. Read before figures that do not tell it themselves,
 * it never claims more than is in them.
 */
export const newestSale = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<string | null> => {
  const scopes = { period: scope };
  const rows = await gold.answer({ name: 'newest_sale', scopes, coarsest: 'year', sql: SQL, row, signal });
  return asOf(rows.map(({ newest }) => newest));
};
