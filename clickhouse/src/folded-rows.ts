import { clickhouseTime } from './clickhouse-time.ts';
import type { Cover } from './cover.ts';
import { type RowsOptions, scopeParams } from './exact-rows.ts';
import { allFacts, FACT_HASH, notAmong, ofBranchUnindexed } from './facts.ts';
import type { Fold } from './fold.ts';
import { coverParams, listOf, notOpen, onDays } from './sealed-rows.ts';

/** Until when the facts of days that were sealed and of those that were open are in a fold, and since when others are (ms since 1970). */
export const marksOf = ({ recorded, running = recorded }: Fold) => ({
  recorded,
  running,
  since: Math.min(recorded, running),
});

/** The parameters of the facts beside a fold. */
export const besideParams = (cover: Cover, options: RowsOptions, fold: Fold): Record<string, unknown> => {
  const { name } = options;
  const { recorded, running, since } = marksOf(fold);
  return {
    ...scopeParams(options),
    ...coverParams(cover, options),
    [`${name}_begins`]: clickhouseTime(cover.begins),
    [`${name}_ends`]: clickhouseTime(cover.ends),
    [`${name}_since`]: clickhouseTime(since),
    [`${name}_recorded`]: clickhouseTime(recorded),
    [`${name}_running`]: clickhouseTime(running),
  };
};

/** SQL that is true for facts of a scope that were recorded after those that are in its fold. */
export const isBeside = (options: RowsOptions, fold: Fold): string => {
  const { recorded, running } = marksOf(fold);
  const moment = (which: string) => `{${options.name}_${which}:DateTime64(3, 'UTC')}`;
  if (recorded === running) return `recorded_at > ${moment('recorded')}`;
  return `recorded_at > if(${isClosed(options)}, ${moment('recorded')}, ${moment('running')})`;
};

const isClosed = (options: RowsOptions): string => notAmong(listOf(options)('open_days'), options.shopDay);

/** SQL of the fingerprint of all facts that a fold and those beside it must be. */
export const factsBeside = (options: RowsOptions, { running }: Fold): string =>
  allFacts(running === undefined ? notOpen(options) : onDays(options));

/** The columns of silver.purchases that products and their customers are made of. */
const COLUMNS =
  'slot, branch_id, sold_at, total_minor, units, customer_number, product_ids, quantities, unit_prices_minor';

/**
 * The facts of a scope's days that are not in a fold, each purchase as its newest version says, with the fingerprint of all that is stored of
 * it: all versions of a purchase are recorded at the same moment, so none of them is in the fold. A sale of those days that is not in the
 * scope counts as none.
 */
export const newestFacts = (options: RowsOptions, fold: Fold): string => {
  const { name } = options;
  const moment = (which: string) => `{${name}_${which}:DateTime64(3, 'UTC')}`;
  const which = fold.running === undefined ? isClosed(options) : isBeside(options, fold);
  // Numbered by a window: to keep the arrays of the newest version, `argMax` would take each apart.
  // The key is searched by a range of slots; by days or a branch it would be searched bit by bit.
  return `SELECT ${COLUMNS}, if(nth = 1 AND sold_at >= ${moment('from')} AND sold_at < ${moment('to')}, stored_status, 'voided') AS status,
       print_rows, print_hash
     FROM (
       SELECT ${COLUMNS}, status AS stored_status, toInt64(1) AS print_rows, ${FACT_HASH} AS print_hash,
         row_number() OVER (PARTITION BY slot, branch_id, purchase_id ORDER BY version DESC) AS nth
       FROM silver.purchases
       WHERE recorded_at > ${moment('since')} AND slot >= ${moment('begins')} AND slot < ${moment('ends')} AND ${which}
         ${ofBranchUnindexed(options.scope.branch && `{${name}_branch:String}`)}
     )`;
};
