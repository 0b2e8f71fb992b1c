import { z } from 'zod';
import type { ClickHouse } from './client.ts';
import { inTurns } from './in-turns.ts';
import { keptUp } from './kept-up.ts';
import type { Looks } from './looks.ts';
import { type CountBefore, MomentCounts } from './moment-counts.ts';
import { areKnown, type Blocks, blocksOf, type Part, parts, partsSql, tableOf, withBlocks } from './parts.ts';

/**
 * When the customers of the chain became loyal, as this process remembers it. To read all of them with `FINAL` costs as much as there are
 * customers; what has changed since the last question is a few rows of parts that are new.
 */
export interface LoyalMoments {
  /** How many there are before a moment, as they are now; undefined when they are not remembered. */
  now(): Promise<CountBefore | undefined>;
}

export interface LoyalMomentsOptions {
  looks: Looks;
  /** Fewer customers than this are read sooner than remembered. */
  fewCustomers: number;
  /** Whether they are first read behind the back of those who ask, or before they are answered. */
  reading: 'behind' | 'before';
}

/** More would take more than 32 MB of this process. */
const MOST_CUSTOMERS = 2_000_000;
/** Rows that are read at a time, so that this process can do other things meanwhile. */
const CHUNK = 50_000;
/** What is merged meanwhile is read again, so often. */
const MOST_ROUNDS = 5;
/** With more new rows than this they are all read again behind the question. A replay brings some 60,000 at a time, which take less than to count them by the table. */
const MOST_NEW = 200_000;

/** Rows as one string: of each the customer's number, its revision and its moment (NaN: none) in 4, 8 and 8 bytes. */
const ROW_BYTES = 20;
const ROW = `concat(reinterpretAsFixedString(number), reinterpretAsFixedString(revision),
    reinterpretAsFixedString(ifNull(toFloat64(toUnixTimestamp64Milli(loyal_since)), nan)))`;

/** A part's name says which blocks of inserts are in it. The condition is on names alone: of parts that are known nothing is read. */
const NOT_KNOWN = `NOT arrayExists(known -> toInt64(splitByChar('_', _part)[2]) >= known[1] AND toInt64(splitByChar('_', _part)[3]) <= known[2],
  {known:Array(Array(Int64))})`;

/** A merge may put known and new blocks into one part: rows keep the number of theirs. */
const IS_NEW =
  'NOT arrayExists(known -> _block_number >= known[1] AND _block_number <= known[2], {known:Array(Array(Int64))})';

const newRow = z.object({
  /** Of each part that is not known its name, how many new rows it has, the last block that any of its rows is of, and its new rows. */
  some: z.array(z.tuple([z.string(), z.int(), z.int(), z.string()])),
  found: parts,
});

/** Customers as all blocks of inserts that are known leave them: of each the row with the highest revision. */
interface Known {
  /** The table, and the last change by a mutation: when it is another one, nothing is known. */
  table: string;
  blocks: Blocks[];
  revisions: Float64Array;
  /** NaN where a customer is not loyal. */
  moments: Float64Array;
  counts: MomentCounts;
}

/** Opens the memory; nothing is read before the first question. */
export const rememberLoyalMoments = (
  clickhouse: Pick<ClickHouse, 'row'>,
  { looks, fewCustomers, reading }: LoyalMomentsOptions,
): LoyalMoments => {
  let known: Known | undefined;
  let underWay: Promise<void> | undefined;

  const readAll = async (): Promise<void> => {
    let { customers: found } = await looks();
    const most = Math.max(0, ...found.map(({ rows }) => rows));
    if (most < fewCustomers || most > MOST_CUSTOMERS) return;
    const next: Known = {
      table: tableOf(found),
      blocks: [],
      revisions: new Float64Array(),
      moments: new Float64Array(),
      counts: new MomentCounts(),
    };
    // To read a large part takes longer than small ones stay as they are: what was merged meanwhile is read in the next round.
    for (let round = 0; round < MOST_ROUNDS && tableOf(found) === next.table; round++) {
      const fresh = found.filter(({ first, last }) => !areKnown(next.blocks, first, last));
      for (const part of fresh) await readPart(next, part);
      if (fresh.length === 0) break;
      found = (await looks()).customers;
    }
    known = next.moments.length > MOST_CUSTOMERS ? undefined : next;
  };

  /** Reads all rows of a part, and knows its blocks if it was there to the end. */
  const readPart = async (into: Known, { name, first, last, rows }: Part): Promise<void> => {
    const chunks = Math.ceil(rows / CHUNK);
    let read = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const { some } = await clickhouse.row({
        name: 'customers_of_part',
        sql: `SELECT hex(arrayStringConcat(groupArray(${ROW}))) AS some FROM silver.customers
              WHERE _part = {part:String} AND number % {chunks:UInt32} = {chunk:UInt32}`,
        params: { part: name, chunks, chunk },
        row: z.object({ some: z.string() }),
      });
      read += take(into, some);
    }
    if (read === rows) into.blocks = withBlocks(into.blocks, first, last);
  };

  const readBehind = (): Promise<void> => {
    // Without them questions are answered from the table: whoever asks next tries again.
    underWay ??= readAll()
      .catch(() => undefined)
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  };

  /** Takes in what has come since a look; gives false where it cannot be told what that is. */
  const goOn = async (of: Known, look: readonly Part[]): Promise<boolean> => {
    if (!isSame(of, look)) return false;
    if (look.every(({ first, last }) => areKnown(of.blocks, first, last))) return true;
    const { some, found } = await clickhouse.row({
      name: 'new_customers',
      sql: `SELECT groupArray((part, rows, last_block, hex(arrayStringConcat(some)))) AS some, (${partsSql('customers')}) AS found
            FROM (SELECT _part AS part, countIf(${IS_NEW}) AS rows, max(_block_number) AS last_block, groupArrayIf(${MOST_NEW})(${ROW}, ${IS_NEW}) AS some
                  FROM silver.customers WHERE ${NOT_KNOWN} GROUP BY part)`,
      params: { known: of.blocks },
      row: newRow,
    });
    const isUnclear = ([name, rows, lastBlock]: (typeof some)[number]) =>
      rows > MOST_NEW || lostBlocks(name, lastBlock);
    if (!isSame(of, found) || some.some(isUnclear)) return false;
    const fresh = some.map(([name, , , packed]) => ({ ...blocksOf(name), packed })).sort((a, b) => a.first - b.first);
    for (const { first, last, packed } of fresh) {
      take(of, packed);
      of.blocks = withBlocks(of.blocks, first, last);
    }
    return true;
  };

  const countNow = inTurns(async (): Promise<CountBefore | undefined> => {
    if (known === undefined) {
      const read = readBehind();
      if (reading === 'behind') return undefined;
      await read;
    }
    // A look from before it was read would not show what is known.
    const before = known;
    if (before === undefined) return undefined;
    const isKnown = await goOn(before, (await looks()).customers);
    if (isKnown) return (moment) => before.counts.before(moment) ?? countBefore(before.moments, moment);
    if (known === before) known = undefined;
    return undefined;
  });

  const asked = keptUp(async () => {
    if (known !== undefined) await countNow();
  });

  return {
    now: () => {
      asked();
      return countNow();
    },
  };
};

/** Whether a part that was merged says of all rows that they are of its first block: one that was merged before rows kept their numbers. */
const lostBlocks = (name: string, lastBlock: number): boolean => {
  const { first, last } = blocksOf(name);
  return last > first && lastBlock <= first;
};

/** Whether what is known is of this table, and is still in its parts: else it was emptied. */
const isSame = ({ table, blocks }: Known, found: readonly Part[]): boolean =>
  tableOf(found) === table && blocks.every((known) => isThere(found, known));

const isThere = (found: readonly Part[], [first, last]: Blocks): boolean => {
  let next = first;
  for (const part of found) if (part.first <= next && part.last >= next) next = part.last + 1;
  return next > last;
};

/** Takes rows in, and says how many. The highest revision counts, of equal ones the last. */
const take = (known: Known, packed: string): number => {
  const rows = Buffer.from(packed, 'hex');
  for (let at = 0; at < rows.length; at += ROW_BYTES) {
    const number = rows.readUInt32LE(at);
    if (number >= known.moments.length) grow(known, number + 1);
    const revision = Number(rows.readBigUInt64LE(at + 4));
    if (revision < (known.revisions[number] ?? -1)) continue;
    known.revisions[number] = revision;
    const moment = rows.readDoubleLE(at + 12);
    known.counts.replace(known.moments[number], moment);
    known.moments[number] = moment;
  }
  return rows.length / ROW_BYTES;
};

const countBefore = (moments: Float64Array, end: number): number => {
  let count = 0;
  for (const moment of moments) if (moment < end) count++;
  return count;
};

const grow = (known: Known, least: number): void => {
  const length = Math.max(least, Math.ceil(known.moments.length * 1.25));
  const [revisions, moments] = [new Float64Array(length).fill(-1), new Float64Array(length).fill(Number.NaN)];
  revisions.set(known.revisions);
  moments.set(known.moments);
  Object.assign(known, { revisions, moments });
};
