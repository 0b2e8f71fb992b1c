import type { RowsOptions } from './exact-rows.ts';
import type { Fact } from './facts-beside.ts';

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
  /** Where countries are told apart, a hash of where all branches were. */
  places?: string;
  /** About how much of this process's memory it takes. */
  bytes: number;
}

/** A fold whose figures were read once and stay in this process, by a key of what they tell apart. */
export interface HeldFold<Figures> extends Fold {
  figures: ReadonlyMap<string, Figures>;
}

/** What is held by folds of one kind. */
export interface FoldKind<Figures> {
  /** What they are told from others of a fold by. */
  key(figures: Figures): string;
  /** The figures of facts beside a fold: each purchase counts as its newest version says, if it was sold within the scope. */
  ofFacts(facts: readonly Fact[], options: RowsOptions): Map<string, Figures>;
  /** Two of the same key and different facts as one. @throws {UnknownNumbers} where not all customers are known */
  added(one: Figures, other: Figures): Figures;
  /** Without those that are among them, but for the newest sale; undefined when nothing is left. @throws where it cannot be told what is */
  less(one: Figures, other: Figures): Figures | undefined;
  /** About how much memory they take. */
  bytes(figures: Figures): number;
}

/** What a fold of no facts says. */
export const NO_FOLD: Fold = {
  id: '00000000-0000-0000-0000-000000000000',
  rows: 0,
  count: '0',
  hash: '0',
  recorded: 0,
  running: 0,
  bytes: 0,
};

/** Whether count and sum of hashes of facts less those of all there are make nothing with the fingerprint of a fold. */
export const makesNothing = (fold: Fold, { rows, hash }: { rows: bigint; hash: bigint }): boolean =>
  rows + BigInt(fold.count) === 0n && BigInt.asUintN(64, hash + BigInt(fold.hash)) === 0n;

/** Two sets of figures of different facts as one. */
export const together = <Figures>(
  { added }: Pick<FoldKind<Figures>, 'added'>,
  some: ReadonlyMap<string, Figures>,
  others: ReadonlyMap<string, Figures>,
): Map<string, Figures> => {
  const all = new Map(some);
  for (const [key, other] of others) {
    const one = all.get(key);
    all.set(key, one === undefined ? other : added(one, other));
  }
  return all;
};

/**
 * A set of figures without others that are among them. The newest sale of those that lose theirs is not known any more: it is said to be none,
 * unless each must be known. @throws where it cannot be told what is left, or which sale is the newest of all
 */
export const without = <Figures extends { newest: number }>(
  { less }: Pick<FoldKind<Figures>, 'less'>,
  all: ReadonlyMap<string, Figures>,
  some: ReadonlyMap<string, Figures>,
  eachNewest: boolean,
): Map<string, Figures> => {
  const left = new Map(all);
  const newest = Math.max(...Array.from(all.values(), (one) => one.newest));
  for (const [key, other] of some) {
    const one = left.get(key);
    if (one === undefined) throw new Error('figures that are not there');
    const isGone = other.newest >= one.newest;
    if (other.newest >= newest || (isGone && eachNewest)) throw new Error('the newest sale is gone');
    const rest = less(one, other);
    if (rest === undefined) left.delete(key);
    else left.set(key, { ...rest, newest: isGone ? 0 : one.newest });
  }
  return left;
};

/** A fold that holds these figures. */
export const holding = <Figures>(
  { bytes }: Pick<FoldKind<Figures>, 'bytes'>,
  fold: Omit<Fold, 'rows' | 'bytes'>,
  figures: ReadonlyMap<string, Figures>,
): HeldFold<Figures> => {
  let sum = 0;
  for (const one of figures.values()) sum += bytes(one);
  return { ...fold, rows: figures.size, bytes: sum, figures };
};
