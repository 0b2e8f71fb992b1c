import { z } from 'zod';

/**
 * The figures of some sealed spans together, and perhaps of what was sold on the open days of a scope beside them, with the fingerprint of the
 * facts that they are of.
 */
export interface Fold {
  id: string;
  /** How many rows it has. */
  rows: number;
  /** The fingerprint of all its facts, as decimal digits: it may be larger than a number can be. */
  count: string;
  hash: string;
  /** When the last fact of its spans was recorded (ms since 1970), or later: what is recorded after it came late. */
  recorded: number;
  /** Of days that are open it has what was recorded until then (ms since 1970); absent: nothing. */
  running?: number;
  /** The fold of spans that it was made of, if any. */
  of?: string;
  /** About how much of this process's memory it takes. */
  bytes?: number;
}

/** What a fold of no facts says. */
export const NO_FOLD: Fold = {
  id: '00000000-0000-0000-0000-000000000000',
  rows: 0,
  count: '0',
  hash: '0',
  recorded: 0,
  running: 0,
};

/** Columns of an answer that say whether a fold and the facts beside it were all there is; see {@link isWhole}. */
export const PRINTS =
  'sum(print_rows) AS prints_rows, toString(sum(print_hash)) AS prints_hash, toUInt32(sum(fold_row)) AS fold_rows';

export const printsRow = z.object({ prints_rows: z.int(), prints_hash: z.string(), fold_rows: z.int() });
export type Prints = z.output<typeof printsRow>;

/** Whether count and sum of hashes of facts less those of all there are make nothing with the fingerprint of a fold. */
export const makesNothing = (fold: Fold, { rows, hash }: { rows: bigint; hash: bigint }): boolean =>
  rows + BigInt(fold.count) === 0n && BigInt.asUintN(64, hash + BigInt(fold.hash)) === 0n;

/** Whether {@link PRINTS} of all rows of an answer say that the fold and the facts beside it were all there is, each fact once. */
export const isWhole = (fold: Fold, prints: readonly Prints[]): boolean => {
  const sum = (of: (print: Prints) => number | string) => prints.reduce((all, print) => all + BigInt(of(print)), 0n);
  return (
    makesNothing(fold, { rows: sum((print) => print.prints_rows), hash: sum((print) => print.prints_hash) }) &&
    sum((print) => print.fold_rows) === BigInt(fold.rows)
  );
};
