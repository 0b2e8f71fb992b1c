import { z } from 'zod';
import type { ClickHouse } from './client.ts';
import { BRANCHES_NOW, ONE_THREAD } from './facts.ts';
import type { Look } from './looks.ts';

/** The country of each branch, and a hash of them all. */
export interface Places {
  countries: ReadonlyMap<string, string>;
  hash: string;
}

/** The catalog as it was at a look, or later: it is read again when its table has other parts. */
export interface Catalog {
  /** Names of products. */
  names(look: Look): Promise<ReadonlyMap<string, string>>;
  places(look: Look): Promise<Places>;
}

const NAMES = `SELECT product_id, product FROM gold.products SETTINGS ${ONE_THREAD}`;
const named = z.object({ product_id: z.string(), product: z.string() });

const PLACES = `SELECT (${BRANCHES_NOW} AS now).1 AS branches, now.2 AS countries, toString(now.3) AS hash SETTINGS ${ONE_THREAD}`;
const placed = z.object({ branches: z.array(z.string()), countries: z.array(z.string()), hash: z.string() });

/** The names of products as they are now. */
export const readProductNames = async (
  clickhouse: Pick<ClickHouse, 'rows'>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> => {
  const rows = await clickhouse.rows({ name: 'product_names', sql: NAMES, row: named, signal });
  return new Map(rows.map(({ product_id, product }) => [product_id, product]));
};

const readPlaces = async (clickhouse: Pick<ClickHouse, 'row'>): Promise<Places> => {
  const { branches, countries, hash } = await clickhouse.row({ name: 'places', sql: PLACES, row: placed });
  return { countries: new Map(branches.map((branch, place) => [branch, countries[place] ?? ''])), hash };
};

/** Nothing is read before it is asked for. */
export const openCatalog = (clickhouse: Pick<ClickHouse, 'row' | 'rows'>): Catalog => ({
  names: remembered('products', () => readProductNames(clickhouse)),
  places: remembered('branches', () => readPlaces(clickhouse)),
});

/** What is made of a table alone, until it has other parts. */
const remembered = <Made>(
  table: 'branches' | 'products',
  read: () => Promise<Made>,
): ((look: Look) => Promise<Made>) => {
  let known: { parts: string; made: Made } | undefined;
  return async (look) => {
    // With the folder of the table and the version of its last mutation.
    const parts = look[table].map(({ path }) => path).join();
    // Without any, it is empty, or may not be looked at.
    if (known !== undefined && parts !== '' && known.parts === parts) return known.made;
    const made = await read();
    known = { parts, made };
    return made;
  };
};
