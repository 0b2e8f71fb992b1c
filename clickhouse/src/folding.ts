import { z } from 'zod';
import { clickhouseTime } from './clickhouse-time.ts';
import type { ClickHouse } from './client.ts';
import type { Cover } from './cover.ts';
import { isOpen, openParams, type RowsOptions, scopeParams } from './exact-rows.ts';
import { allFacts, FACT_HASH, ONE_SNAPSHOT, ONE_THREAD } from './facts.ts';
import { type Fold, type FoldKind, type HeldFold, holding, together } from './fold.ts';
import type { Statement } from './folds.ts';
import { notOpen, ofBranch } from './sealed-rows.ts';

/** What the statements of folds of spans share: the fingerprint of their facts, and when the last of these was recorded. */
export const spansParts = (options: RowsOptions, rows: string) => {
  // Hardly anything is recorded before it is sold: what was recorded last is near.
  const newest = `(SELECT max(newest) FROM ${rows})`;
  return {
    print: `(SELECT (rows, hash) FROM (${allFacts(notOpen(options))}))`,
    recorded: `greatest(${newest}, (SELECT max(recorded_at) FROM silver.purchases WHERE recorded_at > ${newest} AND ${notOpen(options)}))`,
  };
};

/**
 * SQL of the moment `until` (ms since 1970) after which so many facts of the open days of a scope were recorded, or a few more, and all of
 * those of the last seconds; and of how many `facts` were recorded until then. 0 when there is none at all.
 */
export const settledUntil = (
  cover: Cover,
  options: RowsOptions,
  leftOut: { facts: number; ms: number },
): Statement => ({
  sql: `SELECT greatest(least(max(recorded) - {left_out_ms:Int64}, arrayElement(arrayReverseSort(groupArray(recorded) AS moments), {left_out:UInt32})), min(recorded)) - 1 AS until,
          arrayCount(moment -> moment <= until, moments) AS facts
        FROM (SELECT toUnixTimestamp64Milli(recorded_at) AS recorded FROM silver.purchases WHERE ${isOpen(options)} ${ofBranch(options)})`,
  params: { ...scopeParams(options), ...openParams(cover, options), left_out: leftOut.facts, left_out_ms: leftOut.ms },
});

/** What the statements of running folds share: which facts are added, the fingerprint of these and the fold, and whether it would be of use. */
export const runningParts = (
  cover: Cover,
  options: RowsOptions,
  { base, until }: { base: Fold | undefined; until: number },
) => {
  const range = `recorded_at <= {added_until:DateTime64(3, 'UTC')}`;
  const ofOpenDays = `FROM silver.purchases WHERE ${isOpen(options)} ${ofBranch(options)}`;
  return {
    range,
    // A purchase of which one version is in the fold and another one beside it would count twice; a row corrupted by hand may be one, until
    // it is merged with the one that heals it.
    isOfUse: `(SELECT count() FROM (SELECT purchase_id ${ofOpenDays} GROUP BY slot, branch_id, purchase_id HAVING min(recorded_at) != max(recorded_at))) = 0`,
    print: `(SELECT (count() + {base_count:UInt64}, sum(${FACT_HASH}) + {base_hash:UInt64})
      ${ofOpenDays} AND ${range})`,
    recorded: `{added_until:DateTime64(3, 'UTC')}`,
    params: {
      ...scopeParams(options),
      ...openParams(cover, options),
      added_until: clickhouseTime(until),
      base_count: base?.count ?? 0,
      base_hash: base?.hash ?? 0,
    },
  };
};

/** The fingerprint of all facts of a fold, and when the last of them was recorded; the same in each of its rows. */
export const FOLD_PARTS = { count: z.string(), hash: z.string(), recorded: z.int() };

/** Folds that would be larger than half of this are not of use here: numbers of customers come as text, twice as long. */
const MOST_RESULT_BYTES = 64 * 1024 * 1024;

/**
 * Reads a fold, whose rows say {@link FOLD_PARTS} and figures; those of several rows with one key are one. Each row is worked out when it
 * comes. @throws when there are none, or when they are too large
 */
export const readFold = async <Row extends Pick<Fold, 'count' | 'hash' | 'recorded' | 'places'>, Figures>(
  clickhouse: ClickHouse,
  kind: FoldKind<Figures>,
  given: Statement & { name: string; id: string; row: z.ZodType<Row>; figuresOf: (row: Row) => Figures },
): Promise<HeldFold<Figures>> => {
  const { name, id, sql, params, row, figuresOf } = given;
  const rows = await clickhouse.rows({
    name,
    sql: `${sql} ${ONE_SNAPSHOT}, ${ONE_THREAD}, max_result_bytes = ${MOST_RESULT_BYTES}`,
    params,
    row: row.transform((found) => {
      const { count, hash, recorded, places } = found;
      return { parts: { count, hash, recorded, places }, figures: figuresOf(found) };
    }),
    timeoutSeconds: 30,
  });
  const [first] = rows;
  if (first === undefined) throw new Error('nothing to fold');
  const all = new Map<string, Figures>();
  for (const { figures } of rows) {
    const key = kind.key(figures);
    const before = all.get(key);
    all.set(key, before === undefined ? figures : kind.added(before, figures));
  }
  return holding(kind, { id, ...first.parts }, all);
};

/** A fold together with the one that it was begun from, if any. */
export const onBase = <Figures>(
  kind: FoldKind<Figures>,
  base: HeldFold<Figures> | undefined,
  fold: HeldFold<Figures>,
): HeldFold<Figures> => holding(kind, fold, together(kind, base?.figures ?? new Map(), fold.figures));
