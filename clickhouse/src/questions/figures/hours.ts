import { z } from 'zod';
import type { Scope } from '../../calendar/cover.ts';
import { SUMS_OF_FACTS } from '../../schema/fact-sums.ts';
import { type Gold, READ } from '../gold.ts';
import { Parameters } from '../parameters.ts';
import { coverOfScope, factsOf, type RowsContext, spansWhere } from '../rows.ts';
import { SUMS, sumsRow } from './totals.ts';

const row = z.object({ at: z.int(), ...sumsRow });

/**
 * Hours of the week: (weekday − 1) × 24 + hour, of the business day and the shop's clock. A slot is one of them; a day has 24
 * that begin with its weekday; longer spans have all 168.
 */
const hourOfWeek = (day: string, slot: string, zone: string): string =>
  `(toDayOfWeek(${day}) - 1) * 24 + toHour(toTimezone(${slot}, ${zone}))`;

const sql = (context: RowsContext, scope: Scope): string => {
  const zone = context.parameters.bind('time_zone', 'String', context.gold.calendar.timeZone);
  const cover = coverOfScope(context, scope, 'year');
  const ofSlot = (column: string) => `if(level = 'slot', [${column}], hour_${column})`;
  const parts: string[] = [];
  if (cover.spans.length > 0) {
    parts.push(`SELECT toUInt16(begin + place_in_span - 1) AS at, purchases, items, revenue_minor, newest
    FROM (
      SELECT newest, ${ofSlot('purchases')} AS by_purchases, ${ofSlot('items')} AS by_items,
        ${ofSlot('revenue_minor')} AS by_revenue_minor,
        multiIf(level = 'slot', ${hourOfWeek('first_day', 'start', zone)}, level = 'day', (toDayOfWeek(first_day) - 1) * 24, 0) AS begin
      FROM sealed.spans FINAL WHERE ${spansWhere(context, scope, cover)}
    )
    ARRAY JOIN by_purchases AS purchases, by_items AS items, by_revenue_minor AS revenue_minor,
      arrayEnumerate(by_purchases) AS place_in_span`);
  }
  parts.push(`SELECT toUInt16(${hourOfWeek(context.gold.shopDay, 'slot', zone)}) AS at, ${SUMS_OF_FACTS.purchases} AS purchases,
      ${SUMS_OF_FACTS.items} AS items, ${SUMS_OF_FACTS.revenue_minor} AS revenue_minor, ${SUMS_OF_FACTS.newest} AS newest
    FROM ${factsOf(context, scope, cover)} GROUP BY at`);
  return `
  SELECT at, ${SUMS}
  FROM (
    ${parts.join('\n    UNION ALL ')}
  )
  GROUP BY at
  ${READ}`;
};

/** Sales in a scope by hour of the week; `newest` of a row is that of a span or fact in it. */
export const readHoursOfWeek = async (
  gold: Gold,
  name: string,
  scope: Scope,
  signal?: AbortSignal,
): Promise<z.output<typeof row>[]> => {
  const parameters = new Parameters();
  const text = sql({ gold, now: await gold.now(), parameters }, scope);
  return gold.clickhouse.rows({ name, sql: text, params: parameters.values, row, signal });
};
