import { clickhouseTime } from './clickhouse-time.ts';
import type { Cover } from './cover.ts';
import { hasProducts, hourOf, isOpen, openParams, type RowsOptions, scopeParams, startOf } from './exact-rows.ts';
import {
  allFacts,
  COUNTRY,
  dayFacts,
  FACT_HASH,
  HASH_BEFORE,
  notAmong,
  ONE_SNAPSHOT,
  ONE_THREAD,
  ofBranchUnindexed,
  PLACES,
} from './facts.ts';
import type { Fold } from './fold.ts';
import type { Statement } from './folds.ts';
import { coverParams, listOf, ofBranch, onDays } from './sealed-rows.ts';

/** A scope, and the fold that holds most of it. */
export interface FoldedScope<OfFold extends Fold = Fold> {
  options: RowsOptions;
  cover: Cover;
  fold: OfFold;
}

/** Until when the facts of days that were sealed and of those that were open are in a fold, and since when others are (ms since 1970). */
const marksOf = ({ recorded, running = recorded }: Fold) => ({
  recorded,
  running,
  since: Math.min(recorded, running),
});

const besideParams = ({ options, cover, fold }: FoldedScope): Record<string, unknown> => {
  const { name } = options;
  const { recorded, running } = marksOf(fold);
  return {
    ...scopeParams(options),
    ...coverParams(cover, options),
    [`${name}_begins`]: clickhouseTime(cover.begins),
    [`${name}_ends`]: clickhouseTime(cover.ends),
    [`${name}_recorded`]: clickhouseTime(recorded),
    [`${name}_running`]: clickhouseTime(running),
  };
};

/** SQL that is true for facts of a scope that were recorded after those that are in its fold. */
const isBeside = (options: RowsOptions, fold: Fold): string => {
  const { name, shopDay } = options;
  const { recorded, running } = marksOf(fold);
  const [ofClosed, ofOpen] = [moment(`${name}_recorded`), moment(`${name}_running`)];
  if (recorded === running) return `recorded_at > ${ofClosed}`;
  return `recorded_at > if(${notAmong(listOf(options)('open_days'), shopDay)}, ${ofClosed}, ${ofOpen})`;
};

const moment = (name: string): string => `{${name}:DateTime64(3, 'UTC')}`;

/** SQL that is true for facts of a scope that are not in its fold. By slots and not days: the index knows them. */
const isOfScopeBeside = ({ options, fold }: FoldedScope): string => {
  const { name, scope } = options;
  return `slot >= ${moment(`${name}_begins`)} AND slot < ${moment(`${name}_ends`)} AND ${isBeside(options, fold)}
    ${ofBranchUnindexed(scope.branch && `{${name}_branch:String}`)}`;
};

/** Scopes whose folds end less than this apart are read together: what the index leaves to read is then beside both. */
const NEAR_MS = 86_400_000;

/** Scopes by when their folds end. */
const inGroups = (scopes: readonly FoldedScope[]): { since: number; scopes: FoldedScope[] }[] => {
  const groups: { since: number; scopes: FoldedScope[] }[] = [];
  const sinceOf = ({ fold }: FoldedScope) => marksOf(fold).since;
  for (const folded of scopes.toSorted((a, b) => sinceOf(a) - sinceOf(b))) {
    const group = groups.at(-1);
    if (group !== undefined && sinceOf(folded) - group.since < NEAR_MS) group.scopes.push(folded);
    else groups.push({ since: sinceOf(folded), scopes: [folded] });
  }
  return groups;
};

/** The columns of a fact. As folds have them, whatever is asked: what is beside one is taken into it. */
const columnsOf = (options: RowsOptions): string => {
  const { byHour, byWeekday, byProduct, shopDay } = options;
  return [
    'slot, branch_id, purchase_id, version, status, recorded_at',
    `toString(${FACT_HASH})`,
    'sold_at, total_minor, units, customer_number',
    hasProducts(options) ? 'arrayZip(product_ids, quantities, unit_prices_minor)' : 'emptyArrayUInt8()',
    startOf(options, { day: shopDay, slot: 'slot' }),
    byHour ? hourOf(options, 'slot') : '-1',
    byWeekday ? `toDayOfWeek(${shopDay})` : '0',
    byProduct ? COUNTRY : "''",
  ].join(', ');
};

/**
 * SQL of one row ({@link besideRow}) of the facts of scopes that are in none of their folds, all versions of them, with the fingerprint of all
 * facts there are: everything that is not as the folds have it, at one moment. Nothing is added up here, and little is worked out: each
 * expression of a statement takes longer to plan than to do. `also`: further columns of the same moment.
 */
export const besideSql = (scopes: readonly FoldedScope[], also: readonly string[] = []): Statement => {
  const [first] = scopes;
  if (first === undefined) throw new Error('no scope');
  const columns = columnsOf(first.options);
  const groups = inGroups(scopes);
  const facts = groups.map((group, index) => {
    const isOne = group.scopes.length === 1;
    const of = (folded: FoldedScope) => (isOne ? '1' : isOfScopeBeside(folded));
    const beside = scopes.map((folded) => (group.scopes.includes(folded) ? of(folded) : '0'));
    const any = group.scopes.map((folded) => `(${isOfScopeBeside(folded)})`).join(' OR ');
    const within = `slot >= ${moment(`begins_${index}`)} AND slot < ${moment(`ends_${index}`)}`;
    return `SELECT (${columns}, [${beside.join(', ')}]) AS fact FROM silver.purchases
      WHERE recorded_at > ${moment(`since_${index}`)} AND ${isOne ? any : `${within} AND (${any})`}`;
  });
  const days = scopes.map(({ options }) => `(${onDays(options)})`);
  const prints =
    scopes.length === 1
      ? `(SELECT [([1], rows, toString(hash))] FROM (${allFacts(days.join())}))`
      : `(SELECT groupArray((of_scopes, rows, toString(hash))) FROM (${dayFacts(`[${days.join(', ')}] AS of_scopes`, 'of_scopes', days.join(' OR '))}))`;
  const places = first.options.byProduct ? [`toString(${PLACES}) AS places`] : [];
  return {
    sql: `SELECT ${['groupArray(fact) AS facts', `${prints} AS prints`, ...places, ...also].join(', ')}
      FROM (${facts.join(' UNION ALL ')})
      ${ONE_SNAPSHOT}, ${ONE_THREAD}`,
    params: Object.assign(
      {},
      ...scopes.map(besideParams),
      ...groups.map(({ since, scopes }, index) => ({
        [`since_${index}`]: clickhouseTime(since),
        [`begins_${index}`]: clickhouseTime(Math.min(...scopes.map(({ cover }) => cover.begins))),
        [`ends_${index}`]: clickhouseTime(Math.max(...scopes.map(({ cover }) => cover.ends))),
      })),
    ),
  };
};

/**
 * SQL of the same for one scope, and as `voided` ({@link voidedRow}) of what is in its running fold those facts of open days whose purchases
 * are void by now: all versions of them, each with the hash of the version before.
 */
export const voidedSql = (folded: FoldedScope): Statement => {
  const { options, cover } = folded;
  const inFold = `${isOpen(options)} AND recorded_at <= ${moment(`${options.name}_running`)} ${ofBranch(options)}`;
  const purchase = 'slot, branch_id, purchase_id';
  const voided = `(SELECT groupArray(((${columnsOf(options)}, [1]), toString(${HASH_BEFORE}))) FROM silver.purchases
    WHERE ${inFold} AND (${purchase}) IN (SELECT ${purchase} FROM silver.purchases WHERE ${inFold} AND status = 'voided')) AS voided`;
  const { sql, params } = besideSql([folded], [voided]);
  return { sql, params: { ...params, ...openParams(cover, options) } };
};
