import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Scope } from '../parameters.ts';
import { readSoldBetween } from './sold-between.ts';

/**
 * When the newest sale in a scope was made, null when there is none. Read before figures that do not tell it themselves,
 * it never claims more than is in them.
 */
export const newestSale = async (
  clickhouse: ClickHouse,
  scope: Scope,
  signal?: AbortSignal,
): Promise<string | null> => {
  const sold = await readSoldBetween(clickhouse, scope, signal);
  return sold === undefined ? null : new Date(sold.to - 1).toISOString();
};
