import { z } from 'zod';
import { clickhouseTime } from './clickhouse-time.ts';
import type { Cover } from './cover.ts';
import { hourOf, type RowsOptions, startOf } from './exact-rows.ts';
import { allFacts, dayFacts, FACT_HASH, ONE_SNAPSHOT, ofBranchUnindexed } from './facts.ts';
import { alsoSql, type FoldedQuestion } from './figures-sql.ts';
import { customersOf, type FiguresFold, type FoldedFigures, keyOf, type Sold } from './folded-figures.ts';
import { besideParams, isBeside, marksOf } from './folded-rows.ts';
import { ofFew } from './roaring.ts';
import { onDays } from './sealed-rows.ts';

/** A scope, and the fold that holds most of it. */
export interface FoldedScope {
  options: RowsOptions;
  cover: Cover;
  fold: FiguresFold;
}

/** A version of a purchase. Times are as ClickHouse writes them; a column that a question does not need is empty, 0 or -1. */
const fact = z
  .tuple([
    z.string(),
    z.string(),
    z.string(),
    z.int(),
    z.enum(['recorded', 'voided']),
    z.string(),
    z.string(),
    z.string(),
    z.int(),
    z.int(),
    z.int(),
    z.array(z.tuple([z.string(), z.int(), z.int()])),
    z.int(),
    z.int(),
    z.int(),
    z.array(z.int()),
  ])
  .transform(
    ([slot, branch_id, purchase_id, version, status, recorded_at, hash, sold_at, total_minor, units, ...rest]) => {
      const [customer_number, basket, start, hour, weekday, beside] = rest;
      return {
        /** What its versions have in common. */
        purchase: `${slot} ${branch_id} ${purchase_id}`,
        branch_id,
        version,
        counts: status === 'recorded',
        /** When it was recorded and sold, ms since 1970. */
        recorded: Date.parse(recorded_at),
        sold: Date.parse(sold_at),
        hash: BigInt(hash),
        total_minor,
        units,
        customer_number,
        basket,
        start,
        hour,
        weekday,
        /** The scopes whose folds do not have it: 1 or 0, in their order. */
        beside,
      };
    },
  );

/** A version of a purchase that is not in every fold. */
export type Fact = z.output<typeof fact>;

/** Facts that are in no fold, and what proves that they are all. */
export const besideRow = z.object({
  facts: z.array(fact),
  /** Of those scopes together that a day and branch belong to (1 or 0 each) the count and the hash of all facts. */
  prints: z.array(z.tuple([z.array(z.int()), z.int(), z.string()])),
  also: z.record(z.string(), z.int()).default({}),
});

export type Beside = z.output<typeof besideRow>;

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

/**
 * SQL of one row ({@link besideRow}) of the facts of scopes that are in none of their folds, all versions of them, with the fingerprint of all
 * facts there are: everything that is not as the folds have it, at one moment. Nothing is added up here, and little is worked out: each
 * expression of a statement takes longer to plan than to do.
 */
export const besideSql = (
  { also }: FoldedQuestion,
  scopes: readonly FoldedScope[],
): { sql: string; params: Record<string, unknown> } => {
  const [first] = scopes;
  if (first === undefined) throw new Error('no scope');
  const { byHour, byWeekday, shopDay } = first.options;
  const columns = [
    'slot, branch_id, purchase_id, version, status, recorded_at',
    `toString(${FACT_HASH})`,
    'sold_at, total_minor, units, customer_number',
    // As folds have them, whatever is asked: what is beside one is taken into it.
    byHour ? 'emptyArrayUInt8()' : 'arrayZip(product_ids, quantities, unit_prices_minor)',
    startOf(first.options, { day: shopDay, slot: 'slot' }),
    byHour ? hourOf(first.options, 'slot') : '-1',
    byWeekday ? `toDayOfWeek(${shopDay})` : '0',
  ].join(', ');
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
  return {
    sql: `SELECT groupArray(fact) AS facts, ${prints} AS prints${also === undefined ? '' : `, ${alsoSql(also)}`}
      FROM (${facts.join(' UNION ALL ')})
      ${ONE_SNAPSHOT}`,
    params: Object.assign(
      {},
      ...scopes.map(({ options, cover, fold }) => besideParams(cover, options, fold)),
      ...groups.map(({ since, scopes }, index) => ({
        [`since_${index}`]: clickhouseTime(since),
        [`begins_${index}`]: clickhouseTime(Math.min(...scopes.map(({ cover }) => cover.begins))),
        [`ends_${index}`]: clickhouseTime(Math.max(...scopes.map(({ cover }) => cover.ends))),
      })),
    ),
  };
};

/** What of one of the scopes is not in its fold: facts, and the fingerprint of these less that of all there are. */
export const besideOf = ({ facts, prints }: Beside, scope: number): { facts: Fact[]; rows: bigint; hash: bigint } => {
  const own = facts.filter(({ beside }) => beside[scope] === 1);
  let [rows, hash] = [BigInt(own.length), hashOf(own)];
  for (const [ofScopes, count, sum] of prints) {
    if (ofScopes[scope] !== 1) continue;
    rows -= BigInt(count);
    hash -= BigInt(sum);
  }
  return { facts: own, rows, hash };
};

/** The sum of the hashes of facts. */
export const hashOf = (facts: readonly Fact[]): bigint => facts.reduce((sum, { hash }) => sum + hash, 0n);

type Group = Omit<FoldedFigures, 'customers'> & { numbers: Set<number>; products: Map<string, Sold> };

/** The figures of facts beside a fold: each purchase counts as its newest version says, if it was sold within the scope. */
export const figuresOfFacts = (
  facts: readonly Fact[],
  { scope, byBranch }: RowsOptions,
): Map<string, FoldedFigures> => {
  const groups = new Map<string, Group>();
  for (const fact of newestOf(facts)) {
    const { counts, sold, branch_id, start, hour, weekday } = fact;
    if (!counts || sold < scope.from || sold >= scope.to) continue;
    // What a question does not tell apart is the same in all of them, but for the branch.
    const of = { branch_id: byBranch ? branch_id : '', start, hour, weekday };
    const key = keyOf(of);
    const group = groups.get(key) ?? { ...of, ...nothing() };
    groups.set(key, group);
    add(group, fact);
  }
  return new Map(
    [...groups].map(([key, { numbers, ...figures }]) => [
      key,
      { ...figures, customers: customersOf(ofFew(Uint32Array.from(numbers).sort())) },
    ]),
  );
};

const nothing = () => ({
  purchases: 0,
  items: 0,
  revenue_minor: 0,
  newest: 0,
  numbers: new Set<number>(),
  products: new Map<string, Sold>(),
});

const add = (group: Group, { units, total_minor, sold, customer_number, basket }: Fact): void => {
  group.purchases += 1;
  group.items += units;
  group.revenue_minor += total_minor;
  group.newest = Math.max(group.newest, sold);
  if (customer_number !== 0) group.numbers.add(customer_number);
  basket.forEach(([product, quantity, price], place) => {
    const [units, revenue, purchases] = group.products.get(product) ?? [0, 0, 0];
    // A purchase counts once, however often the product is on its receipt.
    const isFirst = basket.findIndex(([other]) => other === product) === place;
    group.products.set(product, [units + quantity, revenue + quantity * price, purchases + (isFirst ? 1 : 0)]);
  });
};

const newestOf = (facts: readonly Fact[]): Iterable<Fact> => {
  const newest = new Map<string, Fact>();
  for (const fact of facts) {
    const known = newest.get(fact.purchase);
    if (known === undefined || fact.version > known.version) newest.set(fact.purchase, fact);
  }
  return newest.values();
};

/** Whether all versions of each purchase were recorded at the same moment. */
export const areOfOneMoment = (facts: readonly Fact[]): boolean => {
  const moments = new Map<string, number>();
  for (const { purchase, recorded } of facts) {
    if ((moments.get(purchase) ?? recorded) !== recorded) return false;
    moments.set(purchase, recorded);
  }
  return true;
};
