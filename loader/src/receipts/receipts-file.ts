import { hash } from 'node:crypto';
import { type CsvFile, openCsv } from '../files/csv-file.ts';
import type { Field, ReceiptsMap } from './map.ts';

/** A file of receipts, and where its map finds what. */
export interface ReceiptsFile extends Omit<CsvFile<string>, 'at'> {
  map: ReceiptsMap;
  /** Where the columns of each field stand; absent where the file has none. */
  at: Partial<Record<Field, number[]>>;
  /** The columns to keep with each purchase. */
  kept: { name: string; at: number }[];
  /** Names of columns that nothing is done with. */
  unused: string[];
  /** What people call the place of a field: its columns, or the field where it has none. */
  columnOf: (field: Field) => string;
}

const NEEDED: readonly Field[] = ['receipt_number', 'timestamp', 'product', 'quantity', 'unit_price', 'amount'];

/** Opens a file of receipts whose header has what its map needs; throws as {@link openCsv} does. */
export const openReceipts = async (path: string, map: ReceiptsMap, signal?: AbortSignal): Promise<ReceiptsFile> => {
  const columns = Object.entries(map.columns) as [Field, string[]][];
  const needed: Field[] = map.defaults.branch === undefined ? [...NEEDED, 'branch'] : [...NEEDED];
  const lower = (fields: [Field, string[]][]) => [...new Set(fields.flatMap(([, names]) => names.map(lowerCase)))];
  const required = lower(columns.filter(([field]) => needed.includes(field)));
  const optional = lower(columns).filter((name) => !required.includes(name));
  const file = await openCsv<string, string>(path, required, { optional, signal, separator: map.delimiter });

  const at: ReceiptsFile['at'] = {};
  for (const [field, names] of columns) {
    const places = names.map((name) => file.at[lowerCase(name)]).filter((place) => place !== undefined);
    if (places.length === names.length) at[field] = places;
  }
  const keep = map.keep === 'all' ? 'all' : map.keep.map(lowerCase);
  const isKept = (name: string) => keep === 'all' || keep.includes(lowerCase(name));
  return {
    ...file,
    // What a file says depends on its map as well.
    sha256: hash('sha256', `${file.sha256}\n${JSON.stringify(map)}`),
    map,
    at,
    kept: file.extra.filter(({ name }) => isKept(name)),
    unused: file.extra.map(({ name }) => name).filter((name) => !isKept(name)),
    columnOf: (field) => map.columns[field]?.join(' ') ?? field,
  };
};

const lowerCase = (name: string) => name.toLowerCase();
