import { type Digest, type Key, keyText, type Subject } from '../facts/facts.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { type Finding, findingsAmong, groupsThatDiffer, isSame, keysThatDiffer } from './difference.ts';

/** What comparing a part of both stores came to. */
export interface Comparison {
  /** Groups and facts that were compared. */
  groups: number;
  facts: number;
  findings: Finding[];
  /** Facts that differed at the first read and were on their way. */
  inFlight: readonly Key[];
  /** Whether ClickHouse caught up, or there was nothing to wait for. Otherwise nobody knows what the differences are. */
  decided: boolean;
}

/** One comparison reads no more facts or groups than this; the rest is found by the next one. */
const FACTS_PER_READ = 20_000;
const GROUPS_PER_READ = 500;

/** Compares all groups of a scope, and fact by fact those that differ. */
export const compareScope = async <Scope, Group>(
  subject: Subject<Scope, Group>,
  scope: Scope,
  pipeline: Pipeline,
): Promise<Comparison> => {
  const [postgres, clickhouse] = await Promise.all([
    subject.postgres.digests(scope),
    subject.clickhouse.digests(scope),
  ]);
  const groups = someOf(groupsThatDiffer(postgres, clickhouse));
  const compared = {
    groups: Math.max(postgres.length, clickhouse.length),
    facts: postgres.reduce((sum, { count }) => sum + count, 0),
  };
  if (groups.length === 0) return { ...compared, findings: [], inFlight: [], decided: true };
  const [ours, theirs] = await Promise.all([
    subject.postgres.factsOf(groups, scope),
    subject.clickhouse.factsOf(groups, scope),
  ]);
  return { ...compared, ...(await confirm(subject, keysThatDiffer(ours, theirs), pipeline)) };
};

/** Compares some facts by their keys. */
export const compareKeys = async <Scope, Group>(
  subject: Subject<Scope, Group>,
  keys: readonly Key[],
  pipeline: Pipeline,
): Promise<Comparison> => {
  const [ours, theirs] = await Promise.all([subject.postgres.facts(keys), subject.clickhouse.facts(keys)]);
  return {
    groups: 0,
    facts: keys.length,
    ...(await confirm(subject, keysThatDiffer(only(ours, keys), theirs), pipeline)),
  };
};

/** Which of these facts are equal in both stores once everything that is on its way has arrived. */
export const equalAmong = async <Scope, Group>(
  subject: Subject<Scope, Group>,
  keys: readonly Key[],
  pipeline: Pipeline,
): Promise<Set<string>> => {
  if (keys.length === 0 || !(await pipeline.caughtUp())) return new Set();
  const clickhouse = await subject.clickhouse.facts(keys);
  const postgres = await subject.postgres.facts(keys);
  return new Set(keys.map(keyText).filter((key) => isSame(postgres.get(key), clickhouse.get(key))));
};

/** Postgres → all that is on its way → ClickHouse → Postgres: the three reads that {@link findingsAmong} classifies by. */
const confirm = async <Scope, Group>(subject: Subject<Scope, Group>, differing: readonly Key[], pipeline: Pipeline) => {
  if (differing.length === 0) return { findings: [], inFlight: [], decided: true };
  const before = await subject.postgres.facts(differing);
  // Between these two reads: who is being forgotten stands there from the moment Postgres has given the id up until ClickHouse has. A
  // finding would keep the id, and healing would bring it back.
  const forgotten = await subject.beingForgotten?.(differing.map(({ id }) => id));
  const keys = differing.filter(({ id }) => !forgotten?.has(id));
  if (!(await pipeline.caughtUp())) return { findings: [], inFlight: keys, decided: false };
  const clickhouse = await subject.clickhouse.facts(keys);
  const after = await subject.postgres.facts(keys);
  return { ...findingsAmong(keys, before, clickhouse, after), decided: true };
};

/** Postgres finds purchases by their id alone and may answer with one of another slot. */
const only = <Value>(facts: ReadonlyMap<string, Value>, keys: readonly Key[]) => {
  const asked = new Set(keys.map(keyText));
  return new Map([...facts].filter(([key]) => asked.has(key)));
};

const someOf = <Group>(digests: readonly Digest<Group>[]): Group[] => {
  const chosen: Group[] = [];
  let facts = 0;
  for (const { group, count } of digests) {
    if (chosen.length > 0 && (facts + count > FACTS_PER_READ || chosen.length === GROUPS_PER_READ)) break;
    chosen.push(group);
    facts += count;
  }
  return chosen;
};
