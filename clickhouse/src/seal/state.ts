import { z } from 'zod';
import { clickhouseTime } from '../clickhouse-time.ts';
import type { SealContext } from './context.ts';

const state = z.object({ horizon: z.int(), branches: z.array(z.tuple([z.string(), z.string()])) });

/**
 * How far the sealer is (ms since 1970; 0 where nothing is sealed yet), and the country of each branch. The branches of facts that the
 * catalog does not know yet have none: ''.
 */
export const readState = async ({
  clickhouse,
  clock,
  signal,
}: SealContext): Promise<{ horizon: number; countries: Map<string, string> }> => {
  const found = await clickhouse.row({
    name: 'sealer_state',
    sql: `SELECT (SELECT toUnixTimestamp64Milli(max(at)) FROM sealed.state WHERE clock = {clock:String} AND name = 'horizon') AS horizon,
            (SELECT groupArray((toString(branch_id), toString(country))) FROM silver.branches FINAL) AS branches`,
    params: { clock },
    row: state,
    signal,
  });
  return { horizon: found.horizon, countries: new Map(found.branches) };
};

/** When the newest proof of everything that has ended began (ms since 1970; 0 before the first). */
export const readProved = async ({ clickhouse, clock, signal }: SealContext): Promise<number> => {
  const { proved } = await clickhouse.row({
    name: 'sealer_proved',
    sql: `SELECT toUnixTimestamp64Milli(max(at)) AS proved FROM sealed.state WHERE clock = {clock:String} AND name = 'proved'`,
    params: { clock },
    row: z.object({ proved: z.int() }),
    signal,
  });
  return proved;
};

/** Tells how far the sealer is: `changed` after a figure was sealed anew, `proved` when a proof of everything that has ended began (ms). */
export const writeState = async (
  { clickhouse, clock }: SealContext,
  names: Partial<Record<'horizon' | 'open_day' | 'changed' | 'proved', number>>,
): Promise<void> => {
  const rows = Object.entries(names).map(([name, at]) => ({ clock, name, at: clickhouseTime(at) }));
  await clickhouse.insert('sealed.state', rows);
};
