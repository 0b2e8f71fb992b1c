import type { FedTable } from './arrived-sql.ts';
import type { ClickHouse } from './client.ts';
import { inTurns } from './in-turns.ts';
import { type Changed, type KnownBlocks, type KnownParams, knownBlocks, type Version } from './known-blocks.ts';
import type { Look, Looks } from './looks.ts';
import { type Part, tableOf } from './parts.ts';
import { readArrivedOf } from './read-arrived.ts';

/** What changed, and where in the feed that is. */
export interface Change<Row extends Version> extends Changed<Row> {
  position: number;
}

/** A place in the feed: all that was inserted before it was asked for is at it or before. */
export interface FeedMoment {
  position: number;
  /** The look that told so. */
  look: Look;
}

/**
 * What changes in a table of silver, in the order of its inserts. Inserts are told by the names of parts: a look at these is all it takes to know
 * that there is nothing new, and what is new is read once for all who ask.
 */
export interface ChangeFeed<Row extends Version> {
  now(): Promise<FeedMoment>;
  /** Where it is, and the parameters of SQL that tells the rows that it knows there; undefined before the first moment. */
  here(): { position: number; known: KnownParams } | undefined;
  /** The changes behind a position, in their order; undefined when it is not known any more what they were. */
  since(position: number): readonly Change<Row>[] | undefined;
}

export interface ChangeFeedOptions<Row extends Version> {
  clickhouse: Pick<ClickHouse, 'rows'>;
  looks: Looks;
  table: FedTable<Row>;
  /** More rows than these are not read at once: after such a bulk the feed begins anew. Default 2,000. */
  mostNew?: number;
}

/** So many times as many changes are remembered: who has not asked for longer begins anew. */
const MOST_CHANGES = 2.5;
/** In a part that is new, or new in part, the numbers of all blocks are read. */
const MOST_ROWS_OF_PART = 1_000_000;

/** Opens a feed that begins with the first question. */
export const openChangeFeed = <Row extends Version>({
  clickhouse,
  looks,
  table,
  mostNew = 2_000,
}: ChangeFeedOptions<Row>): ChangeFeed<Row> => {
  const readArrived = readArrivedOf(clickhouse, table);
  let known: KnownBlocks<Row> | undefined;
  let changes: Change<Row>[] = [];
  /** What was before it is not known. */
  let base = 0;
  let position = 0;

  const begin = (found: readonly Part[]): void => {
    known = knownBlocks(found);
    changes = [];
    position += 1;
    base = position;
  };

  const add = (changed: readonly Changed<Row>[]): void => {
    if (changed.length === 0) return;
    position += 1;
    changes.push(...changed.map((change) => ({ position, ...change })));
    const tooMany = changes.length - MOST_CHANGES * mostNew;
    if (tooMany <= 0) return;
    base = changes[tooMany - 1]?.position ?? base;
    changes = changes.filter((change) => change.position > base);
  };

  const isTooMuch = (fresh: readonly Part[], of: KnownBlocks<Row>): boolean =>
    fresh.some((part) => part.rows > MOST_ROWS_OF_PART) ||
    fresh.reduce((rows, part) => rows + part.rows - of.rowsIn(part), 0) > mostNew;

  const goOn = async (found: readonly Part[]): Promise<void> => {
    if (known === undefined || tableOf(found) !== known.table || !known.areThere(found)) return begin(found);
    const fresh = known.see(found);
    if (fresh.length === 0) return;
    const taken = isTooMuch(fresh, known) ? undefined : known.take(await readArrived(known, fresh, mostNew), mostNew);
    // Where it cannot be told what has changed, whoever follows it has to find out another way.
    if (taken === undefined) begin(found);
    else add(taken);
  };

  return {
    now: inTurns(async () => {
      const look = await looks();
      await goOn(look[table.name]);
      return { position, look };
    }),
    here: () => known && { position, known: known.params() },
    since: (from) => {
      if (from < base) return undefined;
      return from === position ? [] : changes.filter((change) => change.position > from);
    },
  };
};
