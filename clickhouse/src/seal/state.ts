import { z } from 'zod';
import { type SealContext, sealedAt } from './context.ts';

const state = z.object({
  now: z.int(),
  horizon: z.int(),
  changed: z.int(),
  branches: z.array(z.tuple([z.string(), z.string()])),
});

/**
 * How far the sealer is (ms since 1970; 0 where nothing is sealed yet), what time it is on ClickHouse's clock, and the country of each
 * branch. A branch that the catalog does not know yet has none. The context learns when a figure was last sealed anew.
 */
export const readState = async (
  context: SealContext,
): Promise<{ now: number; horizon: number; countries: Map<string, string> }> => {
  const { clickhouse, clock, signal } = context;
  const at = (name: string) =>
    `(SELECT toUnixTimestamp64Milli(max(at)) FROM sealed.state WHERE clock = {clock:String} AND name = '${name}')`;
  const found = await clickhouse.row({
    name: 'sealer_state',
    sql: `SELECT toUnixTimestamp64Milli(now64(3)) AS now,
            ${at('horizon')} AS horizon, ${at('changed')} AS changed,
            (SELECT groupArray((toString(branch_id), toString(country))) FROM silver.branches FINAL) AS branches`,
    params: { clock },
    row: state,
    signal,
  });
  context.changed = found.changed;
  return { now: found.now, horizon: found.horizon, countries: new Map(found.branches) };
};

/**
 * Tells how far the sealer is (ms since 1970): `horizon` and `open_day`; `proved`, when a proof of everything that has ended began; and
 * `changed`, that a figure was sealed anew: now, on ClickHouse's clock, so that it grows whoever writes it.
 */
export const writeState = async (
  context: SealContext,
  names: { changed?: boolean; horizon?: number; open_day?: number; proved?: number },
): Promise<void> => {
  const { clickhouse, clock } = context;
  const moments = Object.entries(names).flatMap(([name, at]) =>
    at === false
      ? []
      : [`('${name}', ${at === true ? sealedAt(context) : `fromUnixTimestamp64Milli(toInt64(${at}))`})`],
  );
  await clickhouse.insertSelect({
    name: 'sealer_state',
    table: 'sealed.state (clock, name, at)',
    select: `SELECT {clock:String}, told.1, told.2 FROM (SELECT arrayJoin([${moments}]) AS told)`,
    params: { clock },
  });
};
