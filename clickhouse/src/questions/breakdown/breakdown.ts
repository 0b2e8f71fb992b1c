import { z } from 'zod';
import type { Scope } from '../../calendar/cover.ts';
import { type Dimension, keyPrefix } from '../../schema/fact-sums.ts';
import { asOf } from '../figures/totals.ts';
import { type Gold, READ } from '../gold.ts';
import { Parameters } from '../parameters.ts';
import type { RowsContext } from '../rows.ts';
import { compareText } from '../text-order.ts';
import { type BreakdownBy, type Broken, brokenDown, brokenOf, sums } from './breakdown-rows.ts';

const row = z.object({ key: z.string(), newest: z.int(), sums });

const sql = (context: RowsContext, scope: Scope, by: BreakdownBy | undefined): string => `
  SELECT key, sumForEach(part) AS sums, toUnixTimestamp64Milli(max(up_to)) AS newest
  FROM ${brokenDown(context, scope, by, { coarsest: 'year', keys: {} })}
  GROUP BY key
  ${READ}`;

/** The sales of a period by category, channel, tender or cashier. All keys together have the revenue of the period. */
export interface Breakdown {
  as_of: string | null;
  /** `share`, 0 to 1: of the revenue of all keys, by tender of the amount. */
  rows: ({ key: string } & Broken & { share: number })[];
}

const read = async (
  gold: Gold,
  scope: Scope,
  by: BreakdownBy | undefined,
  signal: AbortSignal | undefined,
): Promise<z.output<typeof row>[]> => {
  const parameters = new Parameters();
  const text = sql({ gold, now: await gold.now(), parameters }, scope, by);
  const name = by === undefined ? 'breakdowns' : `breakdown_by_${by}`;
  return gold.clickhouse.rows({ name, sql: text, params: parameters.values, row, signal });
};

const weight = ({ amount_minor, revenue_minor }: Broken): number => amount_minor ?? revenue_minor;

const inOrder = (found: readonly z.output<typeof row>[], by: BreakdownBy): Breakdown['rows'] => {
  const rows = found
    .filter(({ sums }) => sums.some((sum) => sum !== 0))
    .map(({ key, sums }) => ({ key, ...brokenOf(by, sums) }));
  const all = rows.reduce((sum, row) => sum + weight(row), 0);
  return rows
    .map((row) => ({ ...row, share: all === 0 ? 0 : weight(row) / all }))
    .sort((a, b) => weight(b) - weight(a) || compareText(a.key, b.key));
};

/** Every key under which something was sold or came back, the most revenue (by tender: the largest amount) first. */
export const readBreakdown = async (
  gold: Gold,
  scope: Scope,
  by: BreakdownBy,
  signal?: AbortSignal,
): Promise<Breakdown> => {
  const found = await read(gold, scope, by, signal);
  return { as_of: asOf(found.map(({ newest }) => newest)), rows: inOrder(found, by) };
};

export type Breakdowns = Record<Dimension, Breakdown['rows']>;

/** The breakdowns by channel, cashier and tender of one moment, by one statement. */
export const readBreakdowns = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<Breakdowns> => {
  const found = await read(gold, scope, undefined, signal);
  const rowsOf = (by: Dimension) => {
    const prefix = keyPrefix(by);
    const ofIt = found.filter(({ key }) => key.startsWith(prefix));
    return inOrder(
      ofIt.map((row) => ({ ...row, key: row.key.slice(prefix.length) })),
      by,
    );
  };
  return { channel: rowsOf('channel'), cashier: rowsOf('cashier'), tender: rowsOf('tender') };
};
