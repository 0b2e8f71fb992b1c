import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';
import type { Sealer } from '../../../figures/figures.ts';

const SQL = `
  SELECT toUnixTimestamp64Milli(maxIf(at, name = 'proved')) AS proved, toUnixTimestamp64Milli(maxIf(at, name = 'horizon')) AS horizon
  FROM sealed.state WHERE clock = {clock:String}`;

const row = z.object({ proved: z.int(), horizon: z.int() });

/** When the sealer last proved everything, and up to when it has sealed; null for what never happened. */
export const readSealer = async (clickhouse: ClickHouse, clock: string, signal?: AbortSignal): Promise<Sealer> => {
  const { proved, horizon } = await clickhouse.row({ name: 'sealer', sql: SQL, params: { clock }, row, signal });
  const moment = (at: number) => (at === 0 ? null : new Date(at).toISOString());
  return { proved_at: moment(proved), sealed_until: moment(horizon) };
};
