import type { Catalog, Places } from './catalog.ts';
import type { Arrived } from './change-feed-sql.ts';
import type { ClickHouse } from './client.ts';
import { inTurns } from './in-turns.ts';
import { type KnownBlocks, knownBlocks } from './known-blocks.ts';
import type { Looks } from './looks.ts';
import { type Part, tableOf } from './parts.ts';
import { readArrived } from './read-arrived.ts';

/** What a purchase said before, if it was there, and says now. */
export interface Change {
  /** Where in the feed it is. */
  position: number;
  before: Arrived | undefined;
  after: Arrived;
}

/** A place in the feed: all that was inserted before it was asked for is at it or before. */
export interface FeedMoment {
  position: number;
  /** Where branches are, when it was asked for or later. */
  places: Places;
}

/**
 * What changes in silver.purchases, in the order of its inserts. Inserts are told by the names of parts: a look at these is all it takes to know
 * that there is nothing new, and what is new is read once for all who ask.
 */
export interface ChangeFeed {
  now(): Promise<FeedMoment>;
  /** The changes behind a position, in their order; undefined when it is not known any more what they were. */
  since(position: number): readonly Change[] | undefined;
}

export interface ChangeFeedOptions {
  clickhouse: Pick<ClickHouse, 'rows'>;
  looks: Looks;
  catalog: Pick<Catalog, 'places'>;
}

/** More are not remembered: who has not asked for so long begins anew. */
const MOST_CHANGES = 5_000;
/** More new rows are not read at once: after such a bulk it begins anew. */
const MOST_NEW = 2_000;
/** In a part that is new, or new in part, the numbers of all blocks are read. */
const MOST_ROWS_OF_PART = 1_000_000;

/** Opens a feed that begins with the first question. */
export const openChangeFeed = ({ clickhouse, looks, catalog }: ChangeFeedOptions): ChangeFeed => {
  let known: KnownBlocks | undefined;
  let changes: Change[] = [];
  /** What was before it is not known. */
  let base = 0;
  let position = 0;

  const begin = (found: readonly Part[]): void => {
    known = knownBlocks(found);
    changes = [];
    position += 1;
    base = position;
  };

  const add = (changed: readonly Pick<Change, 'before' | 'after'>[]): void => {
    if (changed.length === 0) return;
    position += 1;
    changes.push(...changed.map((change) => ({ position, ...change })));
    const tooMany = changes.length - MOST_CHANGES;
    if (tooMany <= 0) return;
    base = changes[tooMany - 1]?.position ?? base;
    changes = changes.filter((change) => change.position > base);
  };

  const isTooMuch = (fresh: readonly Part[], of: KnownBlocks): boolean =>
    fresh.some((part) => part.rows > MOST_ROWS_OF_PART) ||
    fresh.reduce((rows, part) => rows + part.rows - of.rowsIn(part), 0) > MOST_NEW;

  const goOn = async (found: readonly Part[]): Promise<void> => {
    if (known === undefined || tableOf(found) !== known.table || !known.areThere(found)) return begin(found);
    const fresh = known.see(found);
    if (fresh.length === 0) return;
    const taken = isTooMuch(fresh, known)
      ? undefined
      : known.take(await readArrived(clickhouse, known, fresh, MOST_NEW), MOST_NEW);
    // Where it cannot be told what has changed, whoever follows it has to find out another way.
    if (taken === undefined) begin(found);
    else add(taken);
  };

  return {
    now: inTurns(async () => {
      const look = await looks();
      await goOn(look.purchases);
      return { position, places: await catalog.places(look) };
    }),
    since: (from) => {
      if (from < base) return undefined;
      return from === position ? [] : changes.filter((change) => change.position > from);
    },
  };
};
