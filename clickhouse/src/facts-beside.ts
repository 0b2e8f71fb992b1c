import { z } from 'zod';
import type { Scope } from './cover.ts';

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
    z.string(),
    z.array(z.int()),
  ])
  .transform(
    ([slot, branch_id, purchase_id, version, status, recorded_at, hash, sold_at, total_minor, units, ...rest]) => {
      const [customer_number, basket, start, hour, weekday, country, beside] = rest;
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
        country,
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
  /** Where countries are told apart, a hash of where all branches are. */
  places: z.string().optional(),
});

export type Beside = z.output<typeof besideRow>;

/** With them all facts of purchases in a fold that are void by now, and the hash of the version before each. */
export const voidedRow = besideRow.extend({ voided: z.array(z.tuple([fact, z.string()])) });

/** What of one of the scopes is not in its fold: facts, and the fingerprint of these less that of all there are. */
export const besideOf = ({ facts, prints }: Beside, scope: number): Print & { facts: Fact[] } => {
  const own = facts.filter(({ beside }) => beside[scope] === 1);
  let [rows, hash] = [BigInt(own.length), hashOf(own)];
  for (const [ofScopes, count, sum] of prints) {
    if (ofScopes[scope] !== 1) continue;
    rows -= BigInt(count);
    hash -= BigInt(sum);
  }
  return { facts: own, rows, hash };
};

/** The fingerprint of some facts. */
export interface Print {
  rows: bigint;
  hash: bigint;
}

/** The purchases among some facts that are void, each with the fingerprint of all its versions. */
export const voidsOf = (facts: readonly Fact[]): Map<string, Print> => {
  const voids = new Map<string, Print>();
  for (const { purchase, counts } of facts) if (!counts) voids.set(purchase, { rows: 0n, hash: 0n });
  for (const { purchase, hash } of facts) {
    const print = voids.get(purchase);
    if (print !== undefined) voids.set(purchase, { rows: print.rows + 1n, hash: print.hash + hash });
  }
  return voids;
};

/** The sum of the hashes of facts. */
export const hashOf = (facts: readonly Fact[]): bigint => facts.reduce((sum, { hash }) => sum + hash, 0n);

/** Those that were sold within a scope, each purchase as its newest version says. */
export const soldIn = ({ from, to }: Scope, facts: readonly Fact[]): Fact[] =>
  [...newestOf(facts)].filter(({ counts, sold }) => counts && sold >= from && sold < to);

/** Whether a place of a basket is the first of its product: a purchase of it counts once, however often it is on the receipt. */
export const isFirstPlace = (basket: Fact['basket'], place: number): boolean =>
  basket.findIndex(([product]) => product === basket[place]?.[0]) === place;

export const newestOf = (facts: readonly Fact[]): Iterable<Fact> => {
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
