import { parseArgs } from 'node:util';
import type { State } from './state.ts';

/** What `npm start` was asked for. */
export interface Options {
  products?: string;
  purchases?: string;
  branches?: string;
  empty: boolean;
  noTills: boolean;
}

const USAGE = 'usage: npm start [-- --products FILE --purchases FILE [--branches FILE]] [-- --empty] [-- --no-tills]';

/** Reads the command line. Throws one line when it does not fit. */
export const readOptions = (args: string[]): Options => {
  const { values } = parse(args);
  const { products, purchases, branches, empty = false, 'no-tills': noTills = false } = values;
  if ((products === undefined) !== (purchases === undefined)) {
    throw new Error(`--products and --purchases go together; ${USAGE}`);
  }
  if (empty && (products ?? branches) !== undefined) throw new Error(`--empty goes without files; ${USAGE}`);
  if (branches !== undefined && products === undefined) {
    throw new Error(`--branches goes with --products and --purchases; ${USAGE}`);
  }
  return { products, purchases, branches, empty, noTills };
};

const parse = (args: string[]) => {
  try {
    return parseArgs({
      args,
      options: {
        products: { type: 'string' },
        purchases: { type: 'string' },
        branches: { type: 'string' },
        empty: { type: 'boolean' },
        'no-tills': { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}; ${USAGE}`);
  }
};

/** What this start brings into the stack: files of somebody's, demo data, only a catalog, or nothing new. */
export type Bring =
  | { kind: 'files'; products: string; purchases: string; branches?: string }
  | { kind: 'demo' }
  | { kind: 'catalog' }
  | { kind: 'nothing' };

/**
 * Decides what to bring, so that demo data and anybody's own never meet.
 *
 * @param state what the folder holds; undefined when it is new
 * @throws one line when the files asked for do not belong into this folder
 */
export const decide = (options: Options, state: State | undefined, folder: string): Bring => {
  const { products, purchases, branches } = options;
  if (state?.data === 'demo') {
    if (products !== undefined || options.empty) {
      throw new Error(
        `${folder} holds demo data: empty it with npm run reset, or name another folder in TILLSTREAM_DATA`,
      );
    }
    return state.loaded ? { kind: 'nothing' } : { kind: 'demo' };
  }
  if (products !== undefined && purchases !== undefined) return { kind: 'files', products, purchases, branches };
  if (state?.data === 'own') return { kind: 'nothing' };
  return options.empty ? { kind: 'catalog' } : { kind: 'demo' };
};
