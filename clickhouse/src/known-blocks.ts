import type { Change } from './change-feed.ts';
import type { Arrived } from './change-feed-sql.ts';
import { areKnown, type Blocks, blocksOf, type Part, tableOf, withBlocks } from './parts.ts';

/** What was read of new parts. */
export interface ArrivedRows {
  /** All versions of the purchases that they have new rows of. */
  rows: readonly Arrived[];
  /** Of each part at that moment that was not there before, or is new: how many of its rows are of known blocks. */
  knownRows: ReadonlyMap<string, number>;
  /** The parts there were afterwards. */
  found: readonly Part[];
}

/**
 * Which blocks of inserts of a table are known, and what the newest of them brought. A merge may put known and new blocks into one part, and
 * drop versions while it does so: what is new is told by its block, and that no other known row has gone by how many there are.
 */
export interface KnownBlocks {
  /** The table, and its last mutation: of another one nothing is known. */
  table: string;
  /** Whether all that is known is still in some part: else it was dropped. */
  areThere(found: readonly Part[]): boolean;
  /** Takes note of merges of what is known; gives the parts that are new, or new in part. */
  see(found: readonly Part[]): Part[];
  /** Whether some blocks of a part are known. */
  isMixed(part: Pick<Part, 'partition' | 'first' | 'last'>): boolean;
  /** How many known rows went into a part, before any was dropped. */
  rowsIn(part: Part): number;
  /** Parameters of SQL that tells known rows: the ranges of blocks. */
  params(): { partitions: string[]; firsts: number[]; lasts: number[] };
  /**
   * What new parts have changed; they are known then. `merged`: some were merged before they were read; `unknown`: what a merge has dropped
   * cannot be told.
   */
  take(fresh: readonly Part[], arrived: ArrivedRows): Pick<Change, 'before' | 'after'>[] | 'merged' | 'unknown';
}

/** Purchases whose versions are remembered, for the day when a merge drops one before its successor was read. */
const MOST_PURCHASES = 20_000;

/** Begins with all that is there. */
export const knownBlocks = (all: readonly Part[]): KnownBlocks => {
  const table = tableOf(all);
  let parts = [...all];
  let seen = '';
  const blocks = new Map<string, Blocks[]>();
  const know = ({ partition, first, last }: Part) =>
    blocks.set(partition, withBlocks(blocks.get(partition) ?? [], first, last));
  for (const part of all) know(part);

  /** The rows of a purchase that were there when it was last read; those with more than one by themselves. */
  const versions = new Map<string, readonly Arrived[]>();
  const several = new Set<string>();
  const remember = (purchase: string, rows: readonly Arrived[]) => {
    versions.delete(purchase);
    versions.set(purchase, rows);
    if (rows.length > 1) several.add(purchase);
    else several.delete(purchase);
    for (const oldest of versions.keys()) {
      if (versions.size <= MOST_PURCHASES) break;
      versions.delete(oldest);
      several.delete(oldest);
    }
  };

  const isKnownPart = ({ partition, first, last }: Pick<Part, 'partition' | 'first' | 'last'>) =>
    areKnown(blocks.get(partition) ?? [], first, last);
  const isKnownRow = ({ partition, block }: Arrived) => areKnown(blocks.get(partition) ?? [], block, block);
  const knownIn = (part: Pick<Part, 'partition' | 'first' | 'last'>) => parts.filter((known) => lies(known, part));
  const isMixed = (part: Pick<Part, 'partition' | 'first' | 'last'>) => knownIn(part).length > 0;
  const isHalfKnown = (part: Pick<Part, 'partition' | 'first' | 'last'>) => !isKnownPart(part) && isMixed(part);
  const rowsIn = (part: Part) => knownIn(part).reduce((sum, { rows }) => sum + rows, 0);

  const replace = (part: Part): void => {
    parts = [...parts.filter((known) => !lies(known, part)), part];
    for (const purchase of several) {
      const rows = versions.get(purchase) ?? [];
      const [inside, outside] = [rows.filter((row) => isIn(row, part)), rows.filter((row) => !isIn(row, part))];
      const best = bestOf(inside);
      remember(purchase, best === undefined ? outside : [...outside, best]);
    }
  };

  const see = (found: readonly Part[]): Part[] => {
    const names = found.map(({ name }) => name).join();
    if (names === seen) return [];
    const fresh = found.filter((part) => !isKnownPart(part));
    for (const part of found.filter(isKnownPart)) if (!parts.some(({ name }) => name === part.name)) replace(part);
    if (fresh.length === 0) seen = names;
    return fresh;
  };

  /** Whether as many known rows are left in a part as must be, when a merge keeps the best of each purchase. */
  const isAsExpected = (part: Part, newIn: ReadonlySet<string>, left: number | undefined): boolean => {
    let expected = rowsIn(part);
    for (const purchase of new Set([...several, ...newIn])) {
      const inside = (versions.get(purchase) ?? []).filter((row) => isIn(row, part)).length;
      if (inside > 0) expected -= inside - (newIn.has(purchase) ? 0 : 1);
    }
    return left === expected;
  };

  const take = (fresh: readonly Part[], { rows, found, knownRows }: ArrivedRows) => {
    if (tableOf(found) !== table) return 'unknown';
    const names = new Set(fresh.map(({ name }) => name));
    if (fresh.some(({ name }) => !knownRows.has(name))) return 'merged';
    // In a part that was made since, known rows may have met new ones that were not read.
    if ([...knownRows.keys()].some((name) => !names.has(name) && isHalfKnown(blocksOf(name)))) return 'merged';

    // Of parts that came since nothing is taken yet.
    const isThere = (row: Arrived) => names.has(row.part) || isKnownPart(blocksOf(row.part));
    const purchases = new Map<string, { known: Arrived[]; fresh: Arrived[] }>();
    const newIn = new Map<string, Set<string>>();
    for (const row of rows.filter(isThere)) {
      const of = purchases.get(row.purchase) ?? { known: [], fresh: [] };
      purchases.set(row.purchase, of);
      if (isKnownRow(row)) of.known.push(row);
      else {
        of.fresh.push(row);
        newIn.set(row.part, (newIn.get(row.part) ?? new Set()).add(row.purchase));
      }
    }
    for (const part of fresh.filter(isMixed)) {
      // A part all of whose rows were dropped is in no answer.
      if (!isAsExpected(part, newIn.get(part.name) ?? new Set(), knownRows.get(part.name))) return 'unknown';
    }

    const changes: Pick<Change, 'before' | 'after'>[] = [];
    for (const [purchase, { known, fresh }] of purchases) {
      const before = bestOf([...known, ...(versions.get(purchase) ?? [])]);
      const best = bestOf([...known, ...fresh]);
      remember(purchase, [...known, ...fresh]);
      if (best === undefined || (before !== undefined && isSame(before, best))) continue;
      changes.push({ before, after: best });
    }
    for (const part of fresh) {
      know(part);
      replace(part);
    }
    return changes;
  };

  return {
    table,
    areThere: (found) => {
      const names = new Set(found.map(({ name }) => name));
      return parts.every((part) => names.has(part.name) || found.some((other) => lies(part, other)));
    },
    see,
    isMixed,
    rowsIn,
    params: () => {
      const ranges = [...blocks].flatMap(([partition, of]) => of.map(([first, last]) => ({ partition, first, last })));
      return {
        partitions: ranges.map(({ partition }) => partition),
        firsts: ranges.map(({ first }) => first),
        lasts: ranges.map(({ last }) => last),
      };
    },
    take,
  };
};

type Range = Pick<Part, 'partition' | 'first' | 'last'>;

/** Whether the blocks of one part are in another one. */
const lies = (part: Range, within: Range): boolean =>
  part.partition === within.partition && part.first >= within.first && part.last <= within.last;

const isIn = ({ partition, block }: Arrived, part: Range): boolean =>
  partition === part.partition && block >= part.first && block <= part.last;

/** The version that counts, and that merges keep: the highest, of equal ones the last. */
const bestOf = (rows: readonly Arrived[]): Arrived | undefined => {
  let best: Arrived | undefined;
  for (const row of rows) {
    if (best === undefined || row.version > best.version || (row.version === best.version && row.block >= best.block))
      best = row;
  }
  return best;
};

const isSame = (one: Arrived, other: Arrived): boolean =>
  one.version === other.version && one.content === other.content;
