import type { Scope } from '@tillstream/clickhouse/calendar/cover';
import { asOf } from '@tillstream/clickhouse/questions/figures/totals';
import { type Gold, READ } from '@tillstream/clickhouse/questions/gold';
import { Parameters } from '@tillstream/clickhouse/questions/parameters';
import { coverOfScope, rowsOf } from '@tillstream/clickhouse/questions/rows';
import { z } from 'zod';

const row = z.object({ newest: z.int() });

/**
 * When the newest sale in a scope was made, null when there is none. Read before figures that do not tell it themselves,
 * it never claims more than is in them.
 */
export const newestSale = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<string | null> => {
  const parameters = new Parameters();
  const context = { gold, now: await gold.now(), parameters };
  const rows = rowsOf(context, scope, coverOfScope(context, scope, 'year'), { columns: ['newest'] });
  const sql = `SELECT toUnixTimestamp64Milli(max(newest)) AS newest FROM ${rows} ${READ}`;
  const { newest } = await gold.clickhouse.row({ name: 'newest_sale', sql, params: parameters.values, row, signal });
  return asOf([newest]);
};
