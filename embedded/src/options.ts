import { parseArgs } from 'node:util';
import type { State } from './state.ts';

/** What `npm start` was asked for. */
export interface Options {
  products?: string;
  purchases?: string;
  receipts?: string;
  map?: string;
  branches?: string;
  empty: boolean;
  noTills: boolean;
}

const USAGE =
  'usage: npm start [-- --products FILE --purchases FILE [--branches FILE]] ' +
  '[-- [--products FILE] --receipts FILE [--map FILE|PRESET] [--branches FILE]] [-- --empty] [-- --no-tills]';

/** Reads the command line. Throws one line when it does not fit. */
export const readOptions = (args: string[]): Options => {
  const { values } = parse(args);
  const { products, purchases, receipts, map, branches, empty = false, 'no-tills': noTills = false } = values;
  if (purchases !== undefined && receipts !== undefined) {
    throw new Error(`--purchases and --receipts exclude each other; ${USAGE}`);
  }
  if (receipts === undefined && (products === undefined) !== (purchases === undefined)) {
    throw new Error(`--products and --purchases go together; ${USAGE}`);
  }
  if (map !== undefined && receipts === undefined) throw new Error(`--map goes with --receipts; ${USAGE}`);
  if (empty && (products ?? receipts ?? branches) !== undefined)
    throw new Error(`--empty goes without files; ${USAGE}`);
  if (branches !== undefined && (products ?? receipts) === undefined) {
    throw new Error(`--branches goes with --purchases or --receipts; ${USAGE}`);
  }
  return { products, purchases, receipts, map, branches, empty, noTills };
};

const parse = (args: string[]) => {
  try {
    return parseArgs({
      args,
      options: {
        products: { type: 'string' },
        purchases: { type: 'string' },
        receipts: { type: 'string' },
        map: { type: 'string' },
        branches: { type: 'string' },
        empty: { type: 'boolean' },
        'no-tills': { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}; ${USAGE}`);
  }
};

/** Files for the loader: history, and the catalog that goes with it. */
export type LoadedFiles = Pick<Options, 'products' | 'purchases' | 'receipts' | 'map' | 'branches'>;

/** What this start brings into the stack: files of somebody's, demo data, only a catalog, or nothing new. */
export type Bring = ({ kind: 'files' } & LoadedFiles) | { kind: 'demo' } | { kind: 'catalog' } | { kind: 'nothing' };

/**
 * Decides what to bring, so that demo data and anybody's own never meet.
 *
 * @param state what the folder holds; undefined when it is new
 * @throws one line when the files asked for do not belong into this folder
 */
export const decide = (options: Options, state: State | undefined, folder: string): Bring => {
  const { products, purchases, receipts, map, branches } = options;
  const history = purchases ?? receipts;
  if (state?.data === 'demo') {
    if (history !== undefined || options.empty) {
      throw new Error(
        `${folder} holds demo data: empty it with npm run reset, or name another folder in TILLSTREAM_DATA`,
      );
    }
    return state.loaded ? { kind: 'nothing' } : { kind: 'demo' };
  }
  if (history !== undefined) return { kind: 'files', products, purchases, receipts, map, branches };
  if (state?.data === 'own') return { kind: 'nothing' };
  return options.empty ? { kind: 'catalog' } : { kind: 'demo' };
};
