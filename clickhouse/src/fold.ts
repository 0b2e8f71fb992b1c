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

export interface Prints {
  prints_rows: number;
  prints_hash: string;
  fold_rows: number;
}

/** Whether {@link PRINTS} of all rows of an answer say that the fold and the facts beside it were all there is, each fact once. */
export const isWhole = ({ count, hash, rows }: Fold, prints: readonly Prints[]): boolean => {
  const sum = (of: (print: Prints) => number | string) => prints.reduce((all, print) => all + BigInt(of(print)), 0n);
  return (
    sum((print) => print.prints_rows) + BigInt(count) === 0n &&
    BigInt.asUintN(64, sum((print) => print.prints_hash) + BigInt(hash)) === 0n &&
    sum((print) => print.fold_rows) === BigInt(rows)
  );
};
