import { type Digest, type Fact, type Facts, type Key, keyText } from '../facts/facts.ts';

export const KINDS = ['lost', 'extra', 'different'] as const;

export type Kind = (typeof KINDS)[number];

/** Groups whose facts differ between the stores, those included that only one of them has. */
export const groupsThatDiffer = <Group>(
  postgres: readonly Digest<Group>[],
  clickhouse: readonly Digest<Group>[],
): Digest<Group>[] => {
  const theirs = new Map(clickhouse.map((digest) => [digest.name, digest]));
  const differing: Digest<Group>[] = [];
  for (const ours of postgres) {
    const other = theirs.get(ours.name);
    theirs.delete(ours.name);
    if (ours.digest !== other?.digest) {
      differing.push({ ...ours, count: Math.max(ours.count, other?.count ?? 0) });
    }
  }
  return [...differing, ...theirs.values()];
};

/** Keys of the facts that differ between the stores: on their way, or wrong. */
export const keysThatDiffer = (postgres: Facts, clickhouse: Facts): Key[] => {
  const differing: Key[] = [];
  for (const [key, fact] of postgres) if (!isSame(fact, clickhouse.get(key))) differing.push(fact.key);
  for (const [key, fact] of clickhouse) if (!postgres.has(key) && fact.counts) differing.push(fact.key);
  return differing;
};

/**
 * Classifies a difference by three reads in this order: Postgres, then (after everything that Postgres had sent until
 * then has arrived) ClickHouse, then Postgres again.
 *
 * ClickHouse knows nothing that Postgres does not know by its second read, and everything that it knew at its first.
 * So a fact that Postgres did not change in between must stand in ClickHouse exactly so.
 *
 * @returns `inFlight` when both stores agree by now, or the fact changed between the reads
 */
export const classify = (before: Fact | undefined, clickhouse: Fact | undefined, after: Fact | undefined) => {
  if (isSame(after, clickhouse) || !isUnchanged(before, after)) return 'inFlight';
  if (clickhouse === undefined) return 'lost';
  return after === undefined ? 'extra' : 'different';
};

/** Whether every figure comes out the same, now and after any later event: what counts in none is no difference. */
export const isSame = (one: Fact | undefined, other: Fact | undefined): boolean => {
  if (!one?.counts && !other?.counts) return true;
  return one?.counts === other?.counts && one?.version === other?.version && isEqual(one?.content, other?.content);
};

/** Stricter than {@link isSame}: a purchase recorded and voided between two reads counts in neither, but its events travel. */
const isUnchanged = (before: Fact | undefined, after: Fact | undefined): boolean =>
  before?.counts === after?.counts && before?.version === after?.version && isEqual(before?.content, after?.content);

const isEqual = (one: Fact['content'] = {}, other: Fact['content'] = {}): boolean =>
  Object.keys({ ...one, ...other }).every((field) => one[field] === other[field]);

/** A difference that timing does not explain. */
export interface Finding {
  kind: Kind;
  key: Key;
  clickhouse: Fact | undefined;
  postgres: Fact | undefined;
}

/** Classifies each key by its three reads. */
export const findingsAmong = (
  keys: readonly Key[],
  before: Facts,
  clickhouse: Facts,
  after: Facts,
): { findings: Finding[]; inFlight: Key[] } => {
  const findings: Finding[] = [];
  const inFlight: Key[] = [];
  for (const key of keys) {
    const text = keyText(key);
    const kind = classify(before.get(text), clickhouse.get(text), after.get(text));
    if (kind === 'inFlight') inFlight.push(key);
    else findings.push({ kind, key, clickhouse: clickhouse.get(text), postgres: after.get(text) });
  }
  return { findings, inFlight };
};
