import { z } from 'zod';
import { storedByDay } from '../../schema/day-fingerprints.ts';
import { FACT_HASH } from '../../schema/fact-hash.ts';
import { IN_BACKGROUND, type Place, type SealContext } from '../context.ts';
import { days as inList, instants } from './literals.ts';

/* Which seals no longer have their facts' fingerprint. A seal is true while what is stored now has the rows and hashes that it was summed of. */

/** SQL that leaves the groups whose seal is stale; all of them where everything is sealed anew. */
export const isStale = ({ force }: Pick<SealContext, 'force'>): string =>
  force ? '' : 'HAVING sum(rows) != sum(sealed_rows) OR sum(hash) != sum(sealed_hash)';
const SETTINGS = `SETTINGS ${IN_BACKGROUND}`;

const place = z.object({ at: z.int(), branch: z.string(), facts: z.int() });

/** Places whose seal is stale, those without any facts apart: they are sealed as nothing. */
export interface Stale {
  held: Place[];
  empty: Place[];
}

const inTwo = (rows: readonly z.output<typeof place>[]): Stale => ({
  held: rows.filter(({ facts }) => facts > 0),
  empty: rows.filter(({ facts }) => facts === 0),
});

/** Business days of branches, among `days` or (undefined) all, that have ended before the open day and whose seal is stale. */
export const staleDays = async (context: SealContext, openDay: number, days?: readonly number[]): Promise<Stale> => {
  const { clickhouse, calendar, shopDay, clock, signal } = context;
  const among = days === undefined ? '' : `AND toUInt16(${shopDay}) IN ${inList(days)}`;
  const amongSealed =
    days === undefined ? '' : `AND start IN ${instants(days.map((day) => calendar.dayStart(day) / 1000))}`;
  return inTwo(
    await clickhouse.rows({
      name: 'stale_days',
      sql: `
        SELECT toUInt16(day) AS at, branch, sum(rows) AS facts FROM (
          SELECT day, toString(branch_id) AS branch, rows, hash, 0 AS sealed_rows, toUInt64(0) AS sealed_hash
          FROM (${storedByDay('purchases', shopDay, `toUInt16(${shopDay}) < {open:UInt16} ${among}`)})
          UNION ALL
          SELECT first_day, toString(place), 0, toUInt64(0), stored_rows, stored_hash FROM sealed.spans FINAL
          WHERE clock = {clock:String} AND level = 'day' AND scope = 'branch' ${amongSealed}
        )
        GROUP BY at, branch ${isStale(context)} ORDER BY at, branch ${SETTINGS}`,
      params: { clock, open: openDay },
      row: place,
      timeoutSeconds: 300,
      signal,
    }),
  );
};

/** Slots of branches from `from` until `to` (ms since 1970) whose seal is stale. */
export const staleSlots = async (
  context: SealContext,
  ranges: readonly { from: number; to: number }[],
): Promise<Stale> => {
  const { clickhouse, clock, signal } = context;
  if (ranges.every(({ from, to }) => from >= to)) return { held: [], empty: [] };
  const within = (slot: string) =>
    `(${ranges.map(({ from, to }) => `${slot} >= ${from / 1000} AND ${slot} < ${to / 1000}`).join(' OR ')})`;
  return inTwo(
    await clickhouse.rows({
      name: 'stale_slots',
      sql: `
        SELECT toUnixTimestamp(slot) AS at, branch, sum(rows) AS facts FROM (
          SELECT slot, toString(branch_id) AS branch, count() AS rows, sum(${FACT_HASH}) AS hash, 0 AS sealed_rows, toUInt64(0) AS sealed_hash
          FROM silver.purchases WHERE ${within('slot')} GROUP BY slot, branch_id
          UNION ALL
          SELECT start, toString(place), 0, toUInt64(0), stored_rows, stored_hash FROM sealed.spans FINAL
          WHERE clock = {clock:String} AND level = 'slot' AND scope = 'branch' AND ${within('start')}
        )
        GROUP BY at, branch ${isStale(context)} ORDER BY at, branch ${SETTINGS}`,
      params: { clock },
      row: place,
      timeoutSeconds: 300,
      signal,
    }),
  );
};
