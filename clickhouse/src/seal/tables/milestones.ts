import { z } from 'zod';
import { storedByDay } from '../../schema/day-fingerprints.ts';
import { MILESTONE_HASH } from '../../schema/fact-hash.ts';
import { chunked, IN_BACKGROUND, type SealContext, sealedAt } from '../context.ts';
import { days as inList, texts } from './literals.ts';
import { isStale } from './stale.ts';

const milestoneDay = z.object({ day: z.int(), branch: z.string(), milestone: z.enum(['first', 'loyal']) });
type MilestoneDay = z.output<typeof milestoneDay>;

/** Days of milestones by one statement. */
const AT_ONCE = 1_000;

/** Days of milestones, among `days` or (undefined) all, that have ended before the open day and whose seal is stale. */
const staleMilestones = (
  { clickhouse, shopDay, clock, force, signal }: SealContext,
  openDay: number,
  days?: readonly number[],
): Promise<MilestoneDay[]> => {
  const among = (day: string) => (days === undefined ? '' : `AND toUInt16(${day}) IN ${inList(days)}`);
  return clickhouse.rows({
    name: 'stale_milestones',
    sql: `
      SELECT toUInt16(day) AS day, branch, milestone FROM (
        SELECT day, toString(branch_id) AS branch, toString(milestone) AS milestone, rows, hash, 0 AS sealed_rows, toUInt64(0) AS sealed_hash
        FROM (${storedByDay('customer_milestones', shopDay, `toUInt16(${shopDay}) < {open:UInt16} ${among(shopDay)}`)})
        UNION ALL
        SELECT day, toString(branch_id), toString(milestone), 0, toUInt64(0), stored_rows, stored_hash FROM sealed.milestone_days FINAL
        WHERE clock = {clock:String} ${among('day')}
      )
      GROUP BY day, branch, milestone ${isStale({ force })}
      ORDER BY branch, milestone, day SETTINGS ${IN_BACKGROUND}`,
    params: { clock, open: openDay },
    row: milestoneDay,
    timeoutSeconds: 300,
    signal,
  });
};

/**
 * One read tells the customers and the fingerprint of what is stored; a day without any row left is sealed as nothing. No alias has the name
 * of a column: the hash would be of the alias.
 */
const sealSql = (context: SealContext, stale: readonly MilestoneDay[]): string => {
  const { shopDay } = context;
  const asked = `arrayZip(${inList(stale.map(({ day }) => day))}, ${texts(stale.map(({ milestone }) => milestone))}, ${texts(stale.map(({ branch }) => branch))})`;
  return `
  SELECT {clock:String}, told, branch, toDate(day), countIf(rows > 0 AND is_active), sum(rows), sum(hash), ${sealedAt(context)}
  FROM (
    SELECT toUInt16(${shopDay}) AS day, toString(milestone) AS told, toString(branch_id) AS branch,
      count() AS rows, sum(${MILESTONE_HASH}) AS hash, argMax(active, revision) AS is_active
    FROM silver.customer_milestones
    WHERE branch_id IN ${texts(new Set(stale.map(({ branch }) => branch)))} AND (toUInt16(${shopDay}), toString(milestone), toString(branch_id)) IN ${asked}
    GROUP BY day, branch_id, milestone, slot, customer_number
    UNION ALL
    SELECT of.1, of.2, of.3, 0, 0, false FROM (SELECT arrayJoin(${asked}) AS of)
  )
  GROUP BY day, told, branch
  SETTINGS ${IN_BACKGROUND}`;
};

/**
 * Seals anew the days of milestones whose fingerprint is not that of what is stored.
 *
 * @param openDay the business day of the horizon (since 1970)
 * @param days to look at; absent: all
 * @returns how many were sealed
 */
export const sealMilestones = async (
  context: SealContext,
  openDay: number,
  days?: readonly number[],
): Promise<number> => {
  const stale = await staleMilestones(context, openDay, days);
  const { clickhouse, clock, signal } = context;
  for (const some of chunked(stale, AT_ONCE)) {
    signal?.throwIfAborted();
    await clickhouse.insertSelect({
      name: 'seal_milestones',
      table: 'sealed.milestone_days (clock, milestone, branch_id, day, customers, stored_rows, stored_hash, sealed_at)',
      select: sealSql(context, some),
      params: { clock },
    });
  }
  return stale.length;
};
