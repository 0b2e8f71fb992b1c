import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

/**
 * The sealer writes `changed` after the spans it sealed. Rows of the state, products and branches are hashed as they are
 * stored, without FINAL: a merge changes the text once more, which costs one reading.
 */
const SEALED = `
  SELECT toUnixTimestamp(maxIf(at, name = 'horizon')) AS horizon, toString(sumIf(cityHash64(name, at), name != 'proved')) AS sealed,
    (SELECT toString(sum(cityHash64(product_id, revision))) FROM silver.products) AS products,
    (SELECT toString(sum(cityHash64(branch_id, revision))) FROM silver.branches) AS branches
  FROM sealed.state WHERE clock = {clock:String}
  SETTINGS max_threads = 1`;

const sealedRow = z.object({ horizon: z.int(), sealed: z.string(), products: z.string(), branches: z.string() });

/** What figures rest on besides the purchases since the horizon. */
export interface SealedState {
  /** Milliseconds; everything before it is sealed. 0 while nothing is. */
  horizon: number;
  /** A text that is another one whenever a sealed span or a name in the catalog has changed. */
  version: string;
}

export const readSealedState = async (
  clickhouse: ClickHouse,
  clock: string,
  signal?: AbortSignal,
): Promise<SealedState> => {
  const question = { name: 'sealed_state', sql: SEALED, params: { clock }, row: sealedRow, signal, timeoutSeconds: 5 };
  const { horizon, ...hashes } = await clickhouse.row(question);
  return { horizon: horizon * 1000, version: Object.values(hashes).join(' ') };
};

/** Rows as they are stored, as above. */
const OPEN = `
  SELECT count() AS purchases, toString(sum(cityHash64(purchase_id, version))) AS hash
  FROM silver.purchases WHERE slot >= toDateTime({horizon:UInt32}, 'UTC')
  SETTINGS max_threads = 1`;

const openRow = z.object({ purchases: z.int(), hash: z.string() });

/** A text that is another one whenever a purchase since the horizon (ms) was added, changed or voided. */
export const readOpenVersion = async (
  clickhouse: ClickHouse,
  horizon: number,
  signal?: AbortSignal,
): Promise<string> => {
  const params = { horizon: Math.floor(horizon / 1000) };
  const question = { name: 'open_version', sql: OPEN, params, row: openRow, signal, timeoutSeconds: 5 };
  const { purchases, hash } = await clickhouse.row(question);
  return `${purchases} ${hash}`;
};
