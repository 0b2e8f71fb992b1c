import type { z } from 'zod';
import { ARRIVED, type Arrived, arrivedRow, partsNow, partsRow } from './change-feed-sql.ts';
import type { ClickHouse } from './client.ts';
import { type ArrivedRows, type KnownBlocks, knownBlocks } from './known-blocks.ts';
import { blocksOf, type Part, tableOf } from './parts.ts';

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
  /** Where it was asked for: the countries of branches, and a hash of them. */
  countries: ReadonlyMap<string, string>;
  places: string;
}

/**
 * What changes in silver.purchases, in the order of its inserts. Inserts are told by the names of parts: a look at these is all it takes to know
 * that there is nothing new, and what is new is read once for all who ask.
 */
export interface ChangeFeed {
  now(options?: { places?: boolean }): Promise<FeedMoment>;
  /** The changes behind a position, in their order; undefined when it is not known any more what they were. */
  since(position: number): readonly Change[] | undefined;
}

/** More are not remembered: who has not asked for so long begins anew. */
const MOST_CHANGES = 5_000;
/** More new rows are not read at once: after such a bulk it begins anew. */
const MOST_NEW = 2_000;
/** In a part that is new, or new in part, the numbers of all blocks are read. */
const MOST_ROWS_OF_PART = 1_000_000;

/** Those who wait until they can look. */
interface Waiting {
  places: boolean;
  moment: Promise<FeedMoment>;
}

/** Opens a feed that begins with the first question. */
export const openChangeFeed = (clickhouse: ClickHouse): ChangeFeed => {
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

  const lookAt = (places: boolean) => clickhouse.row({ name: 'purchases_parts', sql: partsNow(places), row: partsRow });

  const read = async (of: KnownBlocks): Promise<ArrivedRows> => {
    const params = { ...of.params(), most: MOST_NEW + 1 };
    const answers = await clickhouse.rows({ name: 'arrived_purchases', sql: ARRIVED, params, row: arrivedRow });
    return {
      rows: answers.flatMap(({ facts }) => facts),
      fresh: answers
        .flatMap(({ fresh }) => fresh)
        .map(([name, rows, knownRows]) => ({ name, ...blocksOf(name), rows, knownRows })),
      found: answers.flatMap(({ found }) => found),
    };
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

  const momentOf = ({ branches, countries, places }: z.output<typeof partsRow>): FeedMoment => ({
    position,
    countries: new Map(branches.map((branch, place) => [branch, countries[place] ?? ''])),
    places,
  });

  const advance = async (places: boolean): Promise<FeedMoment> => {
    const look = await lookAt(places);
    const { found } = look;
    if (known === undefined || tableOf(found) !== known.table || !known.areThere(found)) {
      begin(found);
      return momentOf(look);
    }
    const fresh = known.see(found);
    if (fresh.length > 0) {
      const taken = isTooMuch(fresh, known) ? undefined : known.take(await read(known), MOST_NEW);
      // Where it cannot be told what has changed, whoever follows it has to find out another way.
      if (taken === undefined) begin(found);
      else add(taken);
    }
    return momentOf(look);
  };

  let running: Promise<FeedMoment> | undefined;
  let next: Waiting | undefined;
  const start = (places: boolean): Promise<FeedMoment> => {
    running = advance(places).finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    now: ({ places = false } = {}) => {
      if (running === undefined) return start(places);
      // One that is under way may have looked before the insert that this one must see.
      const waiting: Waiting = next ?? { places, moment: running };
      waiting.places ||= places;
      if (next === undefined) {
        next = waiting;
        waiting.moment = running
          .catch(() => undefined)
          .then(() => {
            next = undefined;
            return start(waiting.places);
          });
      }
      return waiting.moment;
    },
    since: (from) => {
      if (from < base) return undefined;
      return from === position ? [] : changes.filter((change) => change.position > from);
    },
  };
};
