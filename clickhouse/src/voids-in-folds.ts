import { randomUUID } from 'node:crypto';
import { type FoldedScope, voidedSql } from './beside-sql.ts';
import type { ClickHouse } from './client.ts';
import { besideOf, type Fact, newestOf, type Print, voidedRow, voidsOf } from './facts-beside.ts';
import { type FoldKind, type HeldFold, holding, makesNothing, without } from './fold.ts';

/**
 * What in running folds is void. A void changes facts that a fold has: one more version of a purchase, and one less when the two are merged.
 * Both are told from what was void before, and taken off the fold, if that and nothing else is what has changed.
 */
export interface VoidsInFolds<Figures> {
  /** Reads what of a running fold is void, once. A fold of which that is not known is made anew when it breaks. */
  learn(folded: FoldedScope<HeldFold<Figures>>): Promise<void>;
  /** Told that a fold has become another one with more facts. */
  grown(fold: HeldFold<Figures>, grown: HeldFold<Figures>, facts: readonly Fact[]): void;
  /** A broken fold as it is without what is void now; undefined when it is not known to be whole then. */
  takenOff(folded: FoldedScope<HeldFold<Figures>>): Promise<HeldFold<Figures> | undefined>;
}

/** Opens what is known of voids in folds of one kind. */
export const openVoids = <Figures extends { newest: number }>(
  clickhouse: ClickHouse,
  kind: FoldKind<Figures>,
): VoidsInFolds<Figures> => {
  const known = new WeakMap<HeldFold<Figures>, Voids>();
  const tried = new WeakSet<HeldFold<Figures>>();
  const underWay = new WeakMap<HeldFold<Figures>, Promise<HeldFold<Figures> | undefined>>();

  /** The facts of void purchases in a fold, and the fingerprint of all that would be in it now, of one moment. */
  const read = async (folded: FoldedScope<HeldFold<Figures>>) => {
    const { voided, ...found } = await clickhouse.row({ name: 'fold_voided', ...voidedSql(folded), row: voidedRow });
    const { rows, hash } = besideOf(found, 0);
    const hashesBefore = new Map(voided.map(([fact, before]) => [fact, BigInt(before)]));
    return { facts: voided.map(([fact]) => fact), hashesBefore, rows: -rows, hash: -hash };
  };

  const learn = async (folded: FoldedScope<HeldFold<Figures>>): Promise<void> => {
    const { fold } = folded;
    if (fold.running === undefined || fold.rows === 0 || known.has(fold) || tried.has(fold)) return;
    tried.add(fold);
    try {
      const { facts, rows, hash } = await read(folded);
      if (makesNothing(fold, { rows: -rows, hash: -hash })) known.set(fold, voidsOf(facts));
    } catch {
      // Answers are as exact without it; it is tried again when the fold has grown.
    }
  };

  const takeOff = async (folded: FoldedScope<HeldFold<Figures>>): Promise<HeldFold<Figures> | undefined> => {
    const { fold, options } = folded;
    const before = known.get(fold);
    if (before === undefined) return undefined;
    const { facts, hashesBefore, rows, hash } = await read(folded);
    // Sales that came late to other days, and were void then, are not read: they are as they were.
    const after = new Map([...before, ...voidsOf(facts)]);
    const fresh = [...newestOf(facts)].filter(({ purchase }) => !before.has(purchase));
    // What is not void must be what was not, but for what has become void: each of these was one fact.
    const [wasVoid, isVoid] = [printOf(before), printOf(after)];
    const lost = fresh.reduce((sum, fact) => sum + (hashesBefore.get(fact) ?? 0n), 0n);
    const counted = rows - isVoid.rows + BigInt(fresh.length) + wasVoid.rows;
    if (!makesNothing(fold, { rows: -counted, hash: -(hash - isVoid.hash + lost + wasVoid.hash) })) return undefined;
    const counting = fresh.map((fact) => ({ ...fact, counts: true }));
    const figures = without(kind, fold.figures, kind.ofFacts(counting, options), options.byBranch);
    const print = { count: String(rows), hash: String(BigInt.asUintN(64, hash)) };
    const mended = holding(kind, { ...fold, ...print, id: randomUUID() }, figures);
    known.set(mended, after);
    return mended;
  };

  return {
    learn,
    grown: (fold, grown, facts) => {
      const before = known.get(fold);
      if (before !== undefined) known.set(grown, new Map([...before, ...voidsOf(facts)]));
    },
    takenOff: (folded) => {
      const { fold } = folded;
      // Where it cannot be told what is left, as when the newest sale is gone, or nobody answers, it is made anew.
      const mending = underWay.get(fold) ?? takeOff(folded).catch(() => undefined);
      underWay.set(fold, mending);
      return mending;
    },
  };
};

/** The purchases in a fold that are void, which count in no figure, but in the fingerprint. */
type Voids = ReadonlyMap<string, Print>;

const printOf = (voids: Voids): Print => {
  const sum = { rows: 0n, hash: 0n };
  for (const { rows, hash } of voids.values()) {
    sum.rows += rows;
    sum.hash += hash;
  }
  return sum;
};
