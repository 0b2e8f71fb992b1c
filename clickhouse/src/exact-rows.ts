import { clickhouseTime } from './clickhouse-time.ts';
import type { Coarsest, Cover, Scope } from './cover.ts';
import { FIGURES, FIGURES_OF_FACTS, slotFacts, stillTrue, UNPACKED } from './facts.ts';
import { ofBranch, spanRows } from './sealed-rows.ts';

/** A set of rows whose figures add up to those of a scope: common table expressions and their parameters. */
export interface ExactRows {
  /** To stand after WITH, without a comma at the end. */
  ctes: string;
  params: Record<string, unknown>;
  /** Whether there is a table `name_sealed` and a table `name_open` beside the one of all rows. */
  inTwo: boolean;
}

/** What a set of rows is of, and what it tells apart. */
export interface RowsOptions {
  /** The table that the rows are to be used as. */
  name: string;
  scope: Scope;
  /** The longest span that a row may stand for. */
  coarsest: Coarsest;
  /** Whether `hour` and `slot` tell hours apart. */
  byHour: boolean;
  /** Whether `day` tells weekdays apart, too; only with `byHour`. */
  byWeekday: boolean;
  /** Whether a fold tells each hour of the shop's clock apart, with `byHour`, each business day or each month of those; absent: none. */
  byStart?: 'hour' | 'day' | 'month';
  /** Whether a fold tells products apart, each in the countries where it was sold. */
  byProduct?: boolean;
  /** Whether `branch_id` tells branches apart; otherwise it may be empty. */
  byBranch: boolean;
  /** SQL for the business day of a column `slot`, and the zone of the shop's clock. */
  shopDay: string;
  timeZone: string;
}

/** The columns of a set of rows. */
export const COLUMNS = `day, slot, hour, branch_id, ${FIGURES}`;

/**
 * SQL of the rows `name` ({@link COLUMNS}) that cover a scope exactly once: sealed years, months and days (`name_sealed`), and open days
 * from facts, or from sealed slots where those are many (`name_open`).
 * `day` is the first one of a month or year, or its first one of the weekday, where weekdays are told apart; `slot` is the start
 * of its hour in a day's row, where hours are told apart.
 *
 * The statement fails with `throwIf` (code 395) when what is taken whole is not what its facts are, or when a day has facts
 * that is neither sealed nor open: the cover was made from another state than the one the statement sees.
 */
export const exactRows = (cover: Cover, options: RowsOptions, fewFacts: number): ExactRows => {
  const { name } = options;
  const sealed = spanRows(cover, options);
  const params: Record<string, unknown> = { ...scopeParams(options), ...sealed.params, ...openParams(cover, options) };
  const ctes = [sealed.cte];
  const hasOpen = cover.openDays.length > 0;
  if (!hasOpen) ctes.push(`${name}_open AS (${ofFacts(options, ['silver.purchases WHERE 0'])})`);
  else if (cover.openFacts <= fewFacts)
    ctes.push(`${name}_open AS (${ofFacts(options, [`silver.purchases FINAL WHERE ${openWhere(options)}`])})`);
  else {
    const slots = slotRows(`${name}_open`, options, isOpen(options));
    ctes.push(slots.ctes);
    Object.assign(params, slots.params);
  }
  ctes.push(
    `${name} AS (SELECT ${COLUMNS} FROM ${name}_sealed${hasOpen ? ` UNION ALL SELECT ${COLUMNS} FROM ${name}_open` : ''})`,
  );
  return { ctes: ctes.join(',\n'), params, inTwo: true };
};

/**
 * SQL of the same rows from sealed slots whose fingerprint is that of their facts now, and from the facts of all other
 * slots and of those that belong to the scope in part. Rests on no guess; costs the more the more slots there are.
 */
export const slotRows = (table: string, options: RowsOptions, which = '1'): ExactRows => {
  const { from, to } = options.scope;
  const firstSlot = Math.ceil(from / 1000 / SLOT) * SLOT;
  const lastSlot = Math.max(firstSlot, Math.floor(to / 1000 / SLOT) * SLOT);
  const edges = new Set<number>();
  if (from < to && from % (SLOT * 1000) !== 0) edges.add(firstSlot - SLOT);
  if (from < to && to % (SLOT * 1000) !== 0) edges.add(Math.floor(to / 1000 / SLOT) * SLOT);
  const params = {
    ...scopeParams(options),
    [`${table}_first_slot`]: firstSlot,
    [`${table}_last_slot`]: lastSlot,
    [`${table}_edge_slots`]: [...edges],
  };
  const inSlots = `slot >= {${table}_first_slot:UInt32} AND slot < {${table}_last_slot:UInt32} AND ${which} ${ofBranch(options)}`;
  const states = `${table}_slots AS MATERIALIZED (
      SELECT facts.slot AS slot, facts.branch_id AS branch_id, ${stillTrue('sealed', 'facts')} AS is_sealed
      FROM (${slotFacts(inSlots)}) AS facts
      LEFT JOIN (
        SELECT slot, branch_id, stored_count, stored_hash, merged_count, merged_hash
        FROM gold.sealed_slots FINAL WHERE ${inSlots}
      ) AS sealed ON sealed.slot = facts.slot AND sealed.branch_id = facts.branch_id
    )`;
  const selects = [
    `SELECT ${options.shopDay} AS day, slot, ${hourOf(options, 'slot')} AS hour, branch_id, ${FIGURES} FROM gold.sealed_slots FINAL
     WHERE (slot, branch_id) IN (SELECT slot, branch_id FROM ${table}_slots WHERE is_sealed)`,
    ofFacts(
      options,
      [
        `silver.purchases FINAL WHERE (slot, branch_id) IN (SELECT slot, branch_id FROM ${table}_slots WHERE NOT is_sealed)`,
      ],
      'slot',
    ),
  ];
  if (edges.size > 0) {
    selects.push(
      ofFacts(
        options,
        [
          `silver.purchases FINAL WHERE slot IN {${table}_edge_slots:Array(UInt32)} AND ${inScope(options)} AND ${which}`,
        ],
        'slot',
      ),
    );
  }
  return { ctes: `${states},\n${table} AS (${selects.join('\nUNION ALL\n')})`, params, inTwo: false };
};

/** SQL of the same rows from the facts alone. What is sealed is faster only where there is much to read. */
export const factRows = (options: RowsOptions): ExactRows => ({
  ctes: `${options.name} AS (${ofFacts(options, [`silver.purchases FINAL WHERE ${inScope(options)}`])})`,
  params: scopeParams(options),
  inTwo: false,
});

const SLOT = 900;

export const scopeParams = ({
  name,
  scope: { from, to, branch },
  byHour,
  timeZone,
}: RowsOptions): Record<string, unknown> => ({
  [`${name}_from`]: clickhouseTime(from),
  [`${name}_to`]: clickhouseTime(to),
  ...(branch === undefined ? {} : { [`${name}_branch`]: branch }),
  ...(byHour ? { [`${name}_zone`]: timeZone } : {}),
});

const inScope = (options: RowsOptions): string => {
  const moment = (end: string) => `{${options.name}_${end}:DateTime64(3, 'UTC')}`;
  return `slot >= toStartOfFifteenMinutes(${moment('from')}) AND slot < ${moment('to')}
    AND sold_at >= ${moment('from')} AND sold_at < ${moment('to')} ${ofBranch(options)}`;
};

/** SQL that is true for the facts of open days, inside the scope or not. */
export const isOpen = ({ name, shopDay }: RowsOptions): string =>
  `toUInt16(toDate(slot)) IN {${name}_open_dates:Array(UInt16)} AND toUInt16(${shopDay}) IN {${name}_open_days:Array(UInt16)}`;

/** Parameters of {@link openWhere}, beside those of the scope. */
export const openParams = ({ openDays, openDates }: Cover, { name }: RowsOptions): Record<string, unknown> => ({
  [`${name}_open_days`]: openDays,
  [`${name}_open_dates`]: openDates,
});

/** SQL that is true for the facts of open days in a scope. */
export const openWhere = (options: RowsOptions): string => `${inScope(options)} AND ${isOpen(options)}`;

export const hourOf = ({ name, byHour }: RowsOptions, slot: string): string =>
  byHour ? `toInt8(toHour(toTimezone(${slot}, {${name}_zone:String})))` : 'toInt8(-1)';

/** SQL of the hour, day or month that a fold tells apart, as a number; 0 where it tells none. */
export const startOf = ({ name, byStart }: RowsOptions, { day, slot }: { day: string; slot: string }): string => {
  if (byStart === undefined) return '0';
  if (byStart === 'hour') return `toUnixTimestamp(${slot} - 60 * toMinute(toTimezone(${slot}, {${name}_zone:String})))`;
  return `toUInt16(${byStart === 'day' ? day : `toStartOfMonth(${day})`})`;
};

/** Whether a fold knows what products sold: nobody asks for them by hour, and of months only in their countries. */
export const hasProducts = ({ byHour, byStart, byProduct = false }: RowsOptions): boolean =>
  byProduct || !(byHour || byStart === 'month');

/** The columns of silver.purchases that figures are made of. */
export const OF_FACTS =
  'slot, branch_id, status, sold_at, total_minor, units, product_ids, quantities, unit_prices_minor, customer_number';

/** Rows of facts, from tables with their conditions, no finer than asked for. */
export const ofFacts = (
  options: RowsOptions,
  from: readonly string[],
  coarsest: Coarsest = options.coarsest,
): string => {
  const bySlot = coarsest === 'slot' || options.byHour;
  const keys = [
    // A question that adds up whole years asks for no day.
    [coarsest === 'year' && !options.byHour ? 'toDate(0)' : options.shopDay, 'of_day'],
    [bySlot ? 'fact.slot' : "toDateTime(0, 'UTC')", 'of_slot'],
    [options.byBranch ? 'branch_id' : "toLowCardinality('')", 'of_branch'],
  ];
  return `SELECT of_day AS day, of_slot AS slot, ${hourOf(options, 'of_slot')} AS hour, of_branch AS branch_id, ${UNPACKED} FROM (
     SELECT ${keys.map(([sql, alias]) => `${sql} AS ${alias}`).join(', ')}, ${FIGURES_OF_FACTS}
     FROM (${from.map((table) => `SELECT ${OF_FACTS} FROM ${table}`).join(' UNION ALL ')}) AS fact GROUP BY of_day, of_slot, of_branch)`;
};
