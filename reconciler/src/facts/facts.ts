/** What identifies a fact in both stores. */
export interface Key {
  /** Id of the purchase, customer, product or branch. */
  id: string;
  /** Branch of the sale, or of the customer's totals there; null for anything else. */
  branch: string | null;
  /** Slot of the sale, seconds since 1970; null for anything else. */
  slot: number | null;
}

export type Content = Readonly<Record<string, string | number | null>>;

/** A purchase, a snapshot of a customer, a product or a branch, as one store has it. */
export interface Fact {
  key: Key;
  /** Whether it counts in any figure: a void purchase and a customer without purchases do not. */
  counts: boolean;
  /** Version of the purchase's event, or revision of anything else. */
  version: number;
  /** Everything else that figures are made of; equal content is written equally, whichever store it came from. */
  content: Content;
}

/** Facts by {@link keyText}. */
export type Facts = ReadonlyMap<string, Fact>;

/** The counting facts of a group in few numbers: other facts give another digest but for a collision of CRC-32 sums. */
export interface Digest<Group> {
  group: Group;
  /** The group's identity as text. */
  name: string;
  /** How many facts count in it. */
  count: number;
  /** Their sums and checksum. */
  digest: string;
}

/** One store as the comparison reads it. */
export interface Store<Scope, Group> {
  /** One digest per group of the scope that has facts. */
  digests(scope: Scope): Promise<Digest<Group>[]>;
  /** All facts of some groups, those that do not count included. */
  factsOf(groups: readonly Group[], scope: Scope): Promise<Facts>;
  /** The facts with these keys. */
  facts(keys: readonly Key[]): Promise<Facts>;
}

export const SUBJECT_NAMES = ['purchase', 'customer', 'customer_branch', 'product', 'branch'] as const;

export type SubjectName = (typeof SUBJECT_NAMES)[number];

/** A kind of fact that both stores hold. */
export interface Subject<Scope, Group> {
  name: SubjectName;
  postgres: Store<Scope, Group>;
  clickhouse: Store<Scope, Group>;
  /** Which of these ids Postgres has given up and ClickHouse is about to; absent: no such thing. */
  beingForgotten?: (ids: readonly string[]) => Promise<ReadonlySet<string>>;
}

export const keyText = ({ slot, branch, id }: Key): string => `${slot ?? ''}/${branch ?? ''}/${id}`;

/** Facts as a map. */
export const byKey = (facts: readonly Fact[]): Facts => new Map(facts.map((fact) => [keyText(fact.key), fact]));
