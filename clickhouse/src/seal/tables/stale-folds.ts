import { z } from 'zod';
import { IN_BACKGROUND, type SealContext } from '../context.ts';
import { countryOf } from './literals.ts';
import { DATE_OF, NEXT_WEEK } from './spans-sql.ts';

/** A span that is not the sum of its parts; without any parts it is sealed as nothing. */
const staleFold = z.object({
  level: z.enum(['day', 'week', 'month', 'year']),
  scope: z.enum(['branch', 'country', 'chain']),
  place: z.string(),
  /** A business day within the span. */
  day: z.int(),
  parts: z.int(),
});
export type StaleFold = z.output<typeof staleFold>;

/** Each span tells itself and what it is a part of; a day of a branch is sealed from facts and only a part. */
const foldsSql = (countries: ReadonlyMap<string, string>): string => `
  SELECT told.1 AS level, told.2 AS scope, told.3 AS place, toUInt16(told.4) AS day, countIf(told.5) AS parts
  FROM (
    SELECT facts_hash, arrayJoin(arrayConcat(
      if(level = 'day' AND scope = 'branch',
        [('day', 'country', country, first_day, true), ('day', 'chain', '', first_day, true)],
        [(level, scope, place, multiIf(level = 'week', ${DATE_OF.week}, level = 'month', ${DATE_OF.month}, level = 'year', ${DATE_OF.year}, first_day), false)]),
      if(level != 'year' AND multiIf(level = 'day', ${NEXT_WEEK}, level = 'week', ${DATE_OF.month} + INTERVAL 1 MONTH, ${DATE_OF.year} + INTERVAL 1 YEAR) <= toDate({open:UInt16}),
        [(multiIf(level = 'day', 'week', level = 'week', 'month', 'year'), scope, place, multiIf(level = 'day', ${DATE_OF.week}, level = 'week', ${DATE_OF.month}, ${DATE_OF.year}), true)], [])
    )) AS told
    FROM (
      SELECT toString(level) AS level, toString(scope) AS scope, toString(place) AS place, first_day, facts_hash, ${countryOf(countries)} AS country
      FROM sealed.spans FINAL
      WHERE clock = {clock:String} AND level != 'slot'
    )
  )
  GROUP BY level, scope, place, day
  HAVING sumIf(facts_hash, told.5) != sumIf(facts_hash, NOT told.5)
  ORDER BY indexOf(['day', 'week', 'month', 'year'], level), day, scope, place
  SETTINGS ${IN_BACKGROUND}`;

/**
 * Countries, the chain, weeks, months and years that are over and do not have the fingerprint of their parts; the short ones first, since
 * the long ones are made of them.
 *
 * @param openDay the business day of the horizon (since 1970)
 * @param countries where each branch is
 */
export const staleFolds = (
  { clickhouse, clock, signal }: SealContext,
  openDay: number,
  countries: ReadonlyMap<string, string>,
): Promise<StaleFold[]> =>
  clickhouse.rows({
    name: 'stale_folds',
    sql: foldsSql(countries),
    params: { clock, open: openDay },
    row: staleFold,
    timeoutSeconds: 300,
    signal,
  });

const foldedSlotsSql = (countries: ReadonlyMap<string, string>): string => `
  SELECT toUnixTimestamp(start) AS start, told.1 AS scope, told.2 AS place, countIf(is_part) AS parts
  FROM (
    SELECT start, facts_hash, scope = 'branch' AS is_part,
      arrayJoin(if(is_part, [('country', ${countryOf(countries)}), ('chain', '')], [(toString(scope), toString(place))])) AS told
    FROM sealed.spans FINAL
    WHERE clock = {clock:String} AND level = 'slot' AND start >= {from:DateTime('UTC')} AND start < {to:DateTime('UTC')}
  )
  GROUP BY start, told
  HAVING sumIf(facts_hash, is_part) != sumIf(facts_hash, NOT is_part)
  SETTINGS ${IN_BACKGROUND}`;

const foldedSlot = z.object({ start: z.int(), scope: z.enum(['country', 'chain']), place: z.string(), parts: z.int() });

/** Slots of countries and the chain within [from, to) (ms) that do not have the fingerprint of their branches. */
export const staleFoldedSlots = (
  { clickhouse, clock, signal }: SealContext,
  { from, to }: { from: number; to: number },
  countries: ReadonlyMap<string, string>,
): Promise<z.output<typeof foldedSlot>[]> =>
  clickhouse.rows({
    name: 'stale_folded_slots',
    sql: foldedSlotsSql(countries),
    params: { clock, from: from / 1000, to: to / 1000 },
    row: foldedSlot,
    timeoutSeconds: 60,
    signal,
  });
