import type { Database } from '@tillstream/pos-api/postgres/database';
import { z } from 'zod';

const DATE_OR_INSTANT = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?( ?(Z|[+-]\d\d(:?\d\d)?))?)?$/i;
const HAS_ZONE = /[T ].*(Z|[+-]\d\d(:?\d\d)?)$/i;

/**
 * A date or an instant as milliseconds since 1970. A date is its first moment; what carries no zone is on the shop's clock.
 * Postgres reads it, so that days of 23 and 25 hours are as everywhere else.
 *
 * @throws with one line when it is neither
 */
export const readMoment = async (db: Database, name: string, text: string, timeZone: string): Promise<number> => {
  const wrong = () =>
    new Error(`${name} must be a date such as 2026-01-31 or an instant such as 2026-01-31T10:00:00Z, not ${text}`);
  if (!DATE_OR_INSTANT.test(text)) throw wrong();
  const moment = HAS_ZONE.test(text) ? '$1::timestamptz' : '$1::timestamp at time zone $2';
  const values = HAS_ZONE.test(text) ? [text] : [text, timeZone];
  const { rows } = await db
    .query(`select (extract(epoch from ${moment}) * 1000)::bigint as moment`, values)
    .catch((error: unknown) => {
      // 22007, 22008: a date that no calendar has.
      if (error instanceof Error && 'code' in error && String(error.code).startsWith('2200')) throw wrong();
      throw error;
    });
  return z.object({ moment: z.coerce.number() }).parse(rows[0]).moment;
};
