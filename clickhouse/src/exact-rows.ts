import { clickhouseTime } from './clickhouse-time.ts';
import type { Coarsest, Cover, Scope } from './cover.ts';
import { dayFacts, FIGURES, FIGURES_OF_FACTS, slotFacts, stillTrue, UNPACKED } from './facts.ts';

/** A set of rows whose figures add up to those of a scope: common table expressions and their parameters. */
export interface ExactRows {
  /** To stand after WITH, without a comma at the end. */
  ctes: string;
  params: Record<string, unknown>;
}

/**
 * SQL of the rows `name` (day, slot, branch_id and {@link FIGURES}) that cover a scope exactly once: sealed months,
 * days and slots whose fingerprint is that of the facts now, and the remaining slots and edges computed from the facts.
 * `day` is the first one of a month's row; `slot` is 1970 in rows of days and months.
 *
 * The statement fails with `throwIf` (code 395) when a day is neither sealed nor among the cover's open days: the cover
 * was made from an older state than the one the statement sees.
 */
export const exactRows = (name: string, cover: Cover, shopDay: string, branch: string | undefined): ExactRows => {
  const ofBranch = branch === undefined ? '' : `AND branch_id = {${name}_branch:String}`;
  const params: Record<string, unknown> = branch === undefined ? {} : { [`${name}_branch`]: branch };
  const ctes: string[] = [];
  const selects: string[] = [];

  if (cover.openDays !== undefined) {
    Object.assign(params, {
      [`${name}_first_day`]: cover.firstDay,
      [`${name}_last_day`]: cover.lastDay,
      [`${name}_open_days`]: cover.openDays,
      [`${name}_months`]: cover.months,
    });
    const days = dayFacts(
      shopDay,
      `${shopDay} >= toDate({${name}_first_day:UInt16}) AND ${shopDay} <= toDate({${name}_last_day:UInt16}) ${ofBranch}`,
    );
    // From the facts to the seals, so that the check runs where there is nothing sealed at all, too.
    selects.push(`
      SELECT facts.start AS day, toDateTime(0, 'UTC') AS slot, facts.branch_id AS branch_id, ${FIGURES}
      FROM (
        SELECT if(toUInt16(toStartOfMonth(day)) IN {${name}_months:Array(UInt16)}, 'month', 'day') AS level,
          if(level = 'month', toStartOfMonth(day), day) AS start, branch_id, sum(day_rows) AS rows, sum(day_hash) AS hash
        FROM (SELECT day, branch_id, rows AS day_rows, hash AS day_hash FROM (${days}))
        WHERE toUInt16(day) NOT IN {${name}_open_days:Array(UInt16)}
        GROUP BY level, start, branch_id
      ) AS facts
      LEFT JOIN (
        SELECT toString(level) AS level, start, branch_id, stored_count, stored_hash, merged_count, merged_hash, ${FIGURES}
        FROM gold.sealed_periods FINAL
        WHERE ((level = 'month' AND toUInt16(start) IN {${name}_months:Array(UInt16)})
            OR (level = 'day' AND start >= toDate({${name}_first_day:UInt16}) AND start <= toDate({${name}_last_day:UInt16})
              AND toUInt16(toStartOfMonth(start)) NOT IN {${name}_months:Array(UInt16)})) ${ofBranch}
      ) AS sealed ON sealed.level = facts.level AND sealed.start = facts.start AND sealed.branch_id = facts.branch_id
      WHERE throwIf(NOT ${stillTrue('sealed', 'facts')}, 'a seal was broken') = 0`);
  }

  if (cover.openDays === undefined || cover.openDays.length > 0) {
    Object.assign(params, { [`${name}_first_slot`]: cover.firstSlot, [`${name}_last_slot`]: cover.lastSlot });
    let inSlots = `slot >= {${name}_first_slot:UInt32} AND slot < {${name}_last_slot:UInt32} ${ofBranch}`;
    if (cover.openDays !== undefined) {
      params[`${name}_open_dates`] = cover.openDates;
      inSlots += ` AND toUInt16(toDate(slot)) IN {${name}_open_dates:Array(UInt16)} AND toUInt16(${shopDay}) IN {${name}_open_days:Array(UInt16)}`;
    }
    ctes.push(`${name}_slots AS MATERIALIZED (
      SELECT facts.slot AS slot, facts.branch_id AS branch_id, ${stillTrue('sealed', 'facts')} AS is_sealed
      FROM (${slotFacts(inSlots)}) AS facts
      LEFT JOIN (
        SELECT slot, branch_id, stored_count, stored_hash, merged_count, merged_hash
        FROM gold.sealed_slots FINAL WHERE ${inSlots}
      ) AS sealed ON sealed.slot = facts.slot AND sealed.branch_id = facts.branch_id
    )`);
    selects.push(
      `SELECT ${shopDay} AS day, slot, branch_id, ${FIGURES} FROM gold.sealed_slots FINAL
       WHERE (slot, branch_id) IN (SELECT slot, branch_id FROM ${name}_slots WHERE is_sealed)`,
      ofFacts(shopDay, `(slot, branch_id) IN (SELECT slot, branch_id FROM ${name}_slots WHERE NOT is_sealed)`),
    );
  }

  if (cover.edgeSlots.length > 0) {
    Object.assign(params, {
      [`${name}_edge_slots`]: cover.edgeSlots,
      [`${name}_from`]: clickhouseTime(cover.from),
      [`${name}_to`]: clickhouseTime(cover.to),
    });
    selects.push(
      ofFacts(
        shopDay,
        `slot IN {${name}_edge_slots:Array(UInt32)} AND sold_at >= {${name}_from:DateTime64(3, 'UTC')} AND sold_at < {${name}_to:DateTime64(3, 'UTC')} ${ofBranch}`,
      ),
    );
  }
  const rows = selects.length === 0 ? ofFacts(shopDay, '0') : selects.join('\nUNION ALL\n');
  return { ctes: [...ctes, `${name} AS (${rows})`].join(',\n'), params };
};

/**
 * SQL of the same rows from the facts alone, no finer than asked for. What is sealed is faster only where there is much
 * to read: the plan of {@link exactRows} alone takes longer than some ten thousand facts.
 */
export const factRows = (
  name: string,
  { from, to, branch }: Scope,
  coarsest: Coarsest,
  shopDay: string,
): ExactRows => ({
  ctes: `${name} AS (${ofFacts(
    shopDay,
    `slot >= toStartOfFifteenMinutes({${name}_from:DateTime64(3, 'UTC')}) AND slot < {${name}_to:DateTime64(3, 'UTC')}
       AND sold_at >= {${name}_from:DateTime64(3, 'UTC')} AND sold_at < {${name}_to:DateTime64(3, 'UTC')}
       ${branch === undefined ? '' : `AND branch_id = {${name}_branch:String}`}`,
    coarsest,
  )})`,
  params: {
    [`${name}_from`]: clickhouseTime(from),
    [`${name}_to`]: clickhouseTime(to),
    ...(branch === undefined ? {} : { [`${name}_branch`]: branch }),
  },
});

/** Rows of facts by slot, by day, or (a question that adds up whole months asks neither) by branch alone. */
const ofFacts = (shopDay: string, where: string, coarsest: Coarsest = 'slot'): string => {
  const day = coarsest === 'month' ? 'toDate(0)' : shopDay;
  const slot = coarsest === 'slot' ? 'fact.slot' : "toDateTime(0, 'UTC')";
  return `SELECT of_day AS day, of_slot AS slot, branch_id, ${UNPACKED} FROM (
     SELECT ${day} AS of_day, ${slot} AS of_slot, branch_id, ${FIGURES_OF_FACTS}
     FROM silver.purchases AS fact FINAL WHERE ${where} GROUP BY of_day, of_slot, branch_id)`;
};
