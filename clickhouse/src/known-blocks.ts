import { areKnown, type Blocks, type Part, tableOf, withBlocks } from './parts.ts';

/** A row of a table that keeps the highest version of each key, and the block of inserts that brought it. */
export interface Version {
  key: string;
  version: number;
  /** All that it says, to be compared. */
  content: string;
  partition: string;
  part: string;
  block: number;
}

/** What a key said before, if it was there, and says now. */
export interface Changed<Row extends Version> {
  before: Row | undefined;
  after: Row;
}

/** What some changes, in their order, have changed together: one for each key. */
export const netOf = <Row extends Version>(changes: readonly Changed<Row>[]): Changed<Row>[] => {
  const net = new Map<string, Changed<Row>>();
  for (const { before, after } of changes) {
    const { key } = after;
    net.set(key, { before: net.has(key) ? net.get(key)?.before : before, after });
  }
  return [...net.values()];
};

/** What was read of new blocks. */
export interface ArrivedRows<Row extends Version> {
  /** All versions of the keys that they have rows of. */
  rows: readonly Row[];
  /** The parts at that moment that were not known by name, and how many of their rows are of known blocks. */
  fresh: readonly (KnownPart & { knownRows: number })[];
  /** The parts there were afterwards. */
  found: readonly Part[];
}

type Range = Pick<Part, 'partition' | 'first' | 'last'>;
type KnownPart = Range & Pick<Part, 'name' | 'rows'>;

export interface KnownParams {
  old: string[];
  partitions: string[];
  firsts: number[];
  lasts: number[];
}

/**
 * Which blocks of inserts of a table are known, and what the newest of them brought. A merge may put known and new blocks into one part, and
 * drop versions while it does so: what is new is told by its block, and that no other known row has gone by how many there are.
 */
export interface KnownBlocks<Row extends Version> {
  /** The table, and its last mutation: of another one nothing is known. */
  table: string;
  /** Whether all that is known is still in some part: else it was dropped. */
  areThere(found: readonly Part[]): boolean;
  /** Takes note of merges of what is known; gives the parts that are new, or new in part. */
  see(found: readonly Part[]): Part[];
  /** Whether none of its blocks is known. */
  isNew(part: Range): boolean;
  /** How many known rows went into a part, before any was dropped. */
  rowsIn(part: Range): number;
  /** Parameters of SQL that tells known rows: the names of parts that are known, and ranges of blocks. */
  params(): KnownParams;
  /** What new blocks have changed; they are known then. Undefined where there are more rows than these, or it cannot be told what a merge has dropped. */
  take(arrived: ArrivedRows<Row>, most: number): Changed<Row>[] | undefined;
}

/** Keys whose versions are remembered, for the day when a merge drops one before its successor was read. */
const MOST_KEYS = 20_000;

/** Begins with all that is there. */
export const knownBlocks = <Row extends Version>(all: readonly Part[]): KnownBlocks<Row> => {
  const table = tableOf(all);
  let parts: KnownPart[] = [...all];
  let seen = '';
  const blocks = new Map<string, Blocks[]>();
  const know = ({ partition, first, last }: Range) =>
    blocks.set(partition, withBlocks(blocks.get(partition) ?? [], first, last));
  for (const part of all) know(part);

  /** The rows of a key that were there when it was last read; those with more than one by themselves. */
  const versions = new Map<string, readonly Row[]>();
  const several = new Set<string>();
  const remember = (key: string, rows: readonly Row[]) => {
    versions.delete(key);
    versions.set(key, rows);
    if (rows.length > 1) several.add(key);
    else several.delete(key);
    for (const oldest of versions.keys()) {
      if (versions.size <= MOST_KEYS) break;
      versions.delete(oldest);
      several.delete(oldest);
    }
  };

  const isKnown = ({ partition, first, last }: Range) => areKnown(blocks.get(partition) ?? [], first, last);
  const rowsIn = (part: Range) => parts.reduce((sum, known) => sum + (lies(known, part) ? known.rows : 0), 0);

  const replace = (part: KnownPart): void => {
    parts = [...parts.filter((known) => !lies(known, part)), part];
    for (const key of several) {
      const rows = versions.get(key) ?? [];
      const [inside, outside] = [rows.filter((row) => isIn(row, part)), rows.filter((row) => !isIn(row, part))];
      const best = bestOf(inside);
      remember(key, best === undefined ? outside : [...outside, best]);
    }
  };

  const see = (found: readonly Part[]): Part[] => {
    const names = found.map(({ name }) => name).join();
    if (names === seen) return [];
    const fresh = found.filter((part) => !isKnown(part));
    for (const part of found.filter(isKnown)) if (!parts.some(({ name }) => name === part.name)) replace(part);
    if (fresh.length === 0) seen = names;
    return fresh;
  };

  /** Whether as many known rows are left in a part as must be, when a merge keeps the best of each key. */
  const isAsExpected = (part: Range, newIn: ReadonlySet<string>, left: number): boolean => {
    let expected = rowsIn(part);
    for (const key of new Set([...several, ...newIn])) {
      const inside = (versions.get(key) ?? []).filter((row) => isIn(row, part)).length;
      if (inside > 0) expected -= inside - (newIn.has(key) ? 0 : 1);
    }
    return left === expected;
  };

  const take = ({ rows, fresh, found }: ArrivedRows<Row>, most: number) => {
    // Read later than the rows: with the same table then, they were of this one.
    if (tableOf(found) !== table) return undefined;
    const keys = new Map<string, { known: Row[]; fresh: Row[] }>();
    const newIn = new Map<string, Set<string>>(fresh.map(({ name }) => [name, new Set()]));
    let count = 0;
    for (const row of rows) {
      const of = keys.get(row.key) ?? { known: [], fresh: [] };
      keys.set(row.key, of);
      if (isKnown({ partition: row.partition, first: row.block, last: row.block })) of.known.push(row);
      else {
        count += 1;
        of.fresh.push(row);
        newIn.get(row.part)?.add(row.key);
      }
    }
    if (count > most) return undefined;
    // In a part of known blocks alone no known row has met a new one.
    for (const part of fresh.filter((part) => !isKnown(part))) {
      if (!isAsExpected(part, newIn.get(part.name) ?? new Set(), part.knownRows)) return undefined;
    }

    const changes: Changed<Row>[] = [];
    for (const [key, { known, fresh }] of keys) {
      const before = bestOf([...known, ...(versions.get(key) ?? [])]);
      const best = bestOf([...known, ...fresh]);
      remember(key, [...known, ...fresh]);
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
    isNew: ({ partition, first, last }) =>
      (blocks.get(partition) ?? []).every((known) => known[1] < first || known[0] > last),
    rowsIn,
    params: () => {
      const ranges = [...blocks].flatMap(([partition, of]) => of.map(([first, last]) => ({ partition, first, last })));
      return {
        old: parts.map(({ name }) => name),
        partitions: ranges.map(({ partition }) => partition),
        firsts: ranges.map(({ first }) => first),
        lasts: ranges.map(({ last }) => last),
      };
    },
    take,
  };
};

/** Whether the blocks of one part are in another one. */
const lies = (part: Range, within: Range): boolean =>
  part.partition === within.partition && part.first >= within.first && part.last <= within.last;

const isIn = ({ partition, block }: Version, part: Range): boolean =>
  partition === part.partition && block >= part.first && block <= part.last;

/** The version that counts, and that merges keep: the highest, of equal ones the last. */
export const bestOf = <Row extends Version>(rows: readonly Row[]): Row | undefined => {
  let best: Row | undefined;
  for (const row of rows) {
    if (best === undefined || row.version > best.version || (row.version === best.version && row.block >= best.block))
      best = row;
  }
  return best;
};

const isSame = (one: Version, other: Version): boolean =>
  one.version === other.version && one.content === other.content;
