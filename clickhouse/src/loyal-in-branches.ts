import { z } from 'zod';
import { type ArrivedInBranch, CUSTOMER_BRANCHES } from './arrived-in-branches.ts';
import { ofNewBlocks } from './arrived-sql.ts';
import { openChangeFeed } from './change-feed.ts';
import type { ClickHouse } from './client.ts';
import { ONE_SNAPSHOT, ONE_THREAD } from './facts.ts';
import { keptUp } from './kept-up.ts';
import { bestOf, type Changed, netOf } from './known-blocks.ts';
import type { Looks } from './looks.ts';
import { type CountBefore, MomentCounts } from './moment-counts.ts';

/**
 * How many customers became loyal in each branch, and when, as this process remembers it. There are as many customers as branches times those of the
 * chain, so they are counted, not kept: what changes is told by a feed, with what it was before.
 */
export interface LoyalInBranches {
  /** How many of a branch became loyal there before a moment; undefined when that is not remembered. */
  of(branch: string): Promise<CountBefore | undefined>;
  /** The same of every branch that has customers. */
  all(): Promise<ReadonlyMap<string, CountBefore> | undefined>;
}

export interface LoyalInBranchesOptions {
  looks: Looks;
  /** Whether they are first read behind the back of those who ask, or before they are answered. */
  reading: 'behind' | 'before';
  now: () => number;
}

/** More branches are not remembered: of each, three years take 400 kB. */
const MOST_BRANCHES = 128;
/** Rows that a question may read at once: an hour without any at five sales a second. */
const MOST_NEW = 20_000;
/** So often a branch is read until it is known what came meanwhile; and the rest (ms) when it never was. */
const ATTEMPTS = 3;
const FAILED_MS = 30_000;

/** Three years of a branch, a row for each day; and, at the same moment, all versions of those of its customers of whom something is not known yet. */
const COUNTS = `
  SELECT intDiv(quarter, 96) AS day, groupArray(quarter) AS quarters, groupArray(became_loyal) AS counts, [] AS rows
  FROM (
    SELECT intDiv(toUnixTimestamp(assumeNotNull(loyal_since)), 900) AS quarter, count() AS became_loyal
    FROM gold.customer_branches WHERE branch_id = {branch:String} AND loyal_since IS NOT NULL GROUP BY quarter
  ) GROUP BY day
  UNION ALL SELECT 0, [], [], groupArray(${CUSTOMER_BRANCHES.columns}) ${ofNewBlocks(CUSTOMER_BRANCHES, 'branch_id = {branch:String}')}
  ${ONE_SNAPSHOT}, ${ONE_THREAD}`;

const countsRow = z.object({
  quarters: z.array(z.int()),
  counts: z.array(z.int()),
  rows: z.array(CUSTOMER_BRANCHES.row),
});

const branchRow = z.object({ branch_id: z.string() });

interface Known {
  counts: MomentCounts;
  /** Where in the feed they are. */
  position: number;
}

/** Opens the memory; nothing is read before the first question. */
export const rememberLoyalInBranches = (
  clickhouse: Pick<ClickHouse, 'rows'>,
  { looks, reading, now }: LoyalInBranchesOptions,
): LoyalInBranches => {
  const feed = openChangeFeed({ clickhouse, looks, table: CUSTOMER_BRANCHES, mostNew: MOST_NEW });
  const known = new Map<string, Known>();
  /** Where in the feed all branches were known; those that have come since are told by changes. */
  let allAt: number | undefined;
  const underWay = new Map<string, Promise<void>>();
  let last: Promise<void> = Promise.resolve();
  let restUntil = Number.NEGATIVE_INFINITY;

  const forget = (branch: string): void => {
    if (known.delete(branch)) allAt = undefined;
  };

  const remember = (branch: string, of: Known): void => {
    known.delete(branch);
    known.set(branch, of);
    for (const oldest of known.keys()) {
      if (known.size <= MOST_BRANCHES) break;
      forget(oldest);
    }
  };

  const readBranch = async (branch: string): Promise<void> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await feed.now();
      const here = feed.here();
      if (here === undefined) continue;
      const answers = await clickhouse.rows({
        name: 'loyal_of_branch',
        sql: COUNTS,
        params: { branch, ...here.known, most: MOST_NEW + 1 },
        row: countsRow,
        timeoutSeconds: 60,
      });
      await feed.now();
      const changes = feed.since(here.position);
      // With one more than these some may be missing.
      const read = answers.flatMap(({ rows }) => rows);
      if (changes === undefined || read.length > MOST_NEW) continue;
      const counts = new MomentCounts();
      for (const { quarters, counts: of } of answers)
        for (const [place, quarter] of quarters.entries()) counts.addQuarter(quarter, of[place] ?? 0);
      for (const change of sinceRead(changes, read)) take(counts, branch, change);
      remember(branch, { counts, position: changes.at(-1)?.position ?? here.position });
      return;
    }
    throw new Error(`the customers of ${branch} change too fast`);
  };

  /** One after the other, each once for all who ask. */
  const readBehind = (what: string, read: () => Promise<void>): Promise<void> => {
    const before = underWay.get(what);
    if (before !== undefined) return before;
    if (now() < restUntil) return Promise.resolve();
    last = last
      .then(read)
      .catch(() => {
        // Answers are as exact without it.
        restUntil = now() + FAILED_MS;
      })
      .finally(() => underWay.delete(what));
    underWay.set(what, last);
    return last;
  };

  /** Follows the feed; undefined where it is not known any more what has changed. */
  const followed = (branch: string): CountBefore | undefined => {
    const of = known.get(branch);
    const changes = of && feed.since(of.position);
    if (of === undefined || changes === undefined) {
      forget(branch);
      return undefined;
    }
    for (const change of changes) take(of.counts, branch, change);
    of.position = changes.at(-1)?.position ?? of.position;
    return (moment) => of.counts.before(moment);
  };

  const asked = keptUp(async () => {
    if (known.size === 0) return;
    await feed.now();
    if (followedAll() === undefined) for (const branch of [...known.keys()]) followed(branch);
  });

  const of = async (branch: string): Promise<CountBefore | undefined> => {
    asked();
    await feed.now();
    const counts = followed(branch);
    if (counts !== undefined) return counts;
    const read = readBehind(`branch ${branch}`, () => readBranch(branch));
    if (reading === 'behind') return undefined;
    await read;
    return followed(branch);
  };

  const readAll = async (): Promise<void> => {
    const { position } = await feed.now();
    const branches = await clickhouse.rows({
      name: 'branches_with_customers',
      sql: `SELECT DISTINCT branch_id FROM silver.customer_branches SETTINGS ${ONE_THREAD}`,
      row: branchRow,
      timeoutSeconds: 60,
    });
    if (branches.length > MOST_BRANCHES) throw new Error('there are too many branches');
    for (const { branch_id } of branches) if (followed(branch_id) === undefined) await readBranch(branch_id);
    // Others may have been asked meanwhile.
    if (branches.every(({ branch_id }) => known.has(branch_id))) allAt = position;
  };

  const followedAll = (): ReadonlyMap<string, CountBefore> | undefined => {
    const changes = allAt === undefined ? undefined : feed.since(allAt);
    if (allAt === undefined || changes === undefined) return undefined;
    for (const { after } of changes)
      if (!known.has(after.branch_id)) remember(after.branch_id, { counts: new MomentCounts(), position: allAt });
    const counts = new Map<string, CountBefore>();
    for (const branch of [...known.keys()]) {
      const of = followed(branch);
      if (of === undefined) return undefined;
      counts.set(branch, of);
    }
    allAt = changes.at(-1)?.position ?? allAt;
    return counts;
  };

  const all = async (): Promise<ReadonlyMap<string, CountBefore> | undefined> => {
    asked();
    await feed.now();
    const counts = followedAll();
    if (counts !== undefined) return counts;
    const read = readBehind('all branches', readAll);
    if (reading === 'behind') return undefined;
    await read;
    return followedAll();
  };

  return { of, all };
};

const take = (counts: MomentCounts, branch: string, { before, after }: Changed<ArrivedInBranch>): void => {
  if (after.branch_id === branch) counts.replace(before?.loyal ?? undefined, after.loyal ?? Number.NaN);
};

/**
 * What changed since a branch was read, by customer: of whom there was something new in it already is told by all rows that were read of them; of all
 * others it had what the first change says was before.
 */
const sinceRead = (
  changes: readonly Changed<ArrivedInBranch>[],
  read: readonly ArrivedInBranch[],
): Changed<ArrivedInBranch>[] => {
  const counted = new Map<string, ArrivedInBranch>();
  for (const row of read) counted.set(row.key, bestOf([counted.get(row.key) ?? row, row]) ?? row);
  return netOf(changes).map(({ before, after }) => ({ before: counted.get(after.key) ?? before, after }));
};
