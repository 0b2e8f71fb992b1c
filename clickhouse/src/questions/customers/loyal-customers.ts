import { z } from 'zod';
import type { Scope } from '../../calendar/cover.ts';
import { BEGINNING, dateOf } from '../../calendar/shop-calendar.ts';
import { type Gold, READ } from '../gold.ts';
import { milestoneRows } from '../milestones.ts';
import { Parameters } from '../parameters.ts';
import type { RowsContext } from '../rows.ts';

/** `day`: days since 1970; 0 for all days before the scope. */
const row = z.object({ of_day: z.int(), became_loyal: z.int() });

const sql = (context: RowsContext, { from, to, branch }: Scope): string => {
  const { gold, parameters } = context;
  const first = parameters.bind('first', 'Date', dateOf(Math.max(0, gold.calendar.dayOf(from))));
  const days = milestoneRows(
    context,
    { from: BEGINNING, to, branch },
    { milestones: ['loyal'], keys: { became: ['day', gold.shopDay] } },
  );
  return `
  SELECT if(became < ${first}, 0, toUInt16(became)) AS of_day, sum(customers) AS became_loyal
  FROM ${days}
  GROUP BY of_day
  ${READ}`;
};

/**
 * Loyal customers at the end of each business day of a scope: those whose purchases that are not void had reached the
 * threshold by then (with a branch: there). Does not add up over days or branches.
 */
export const readLoyalCustomers = async (
  gold: Gold,
  scope: Scope,
  signal?: AbortSignal,
): Promise<{ start: string; loyal_customers: number }[]> => {
  const { calendar } = gold;
  const starts = [...calendar.starts('day', scope)];
  if (starts.length === 0) return [];
  const parameters = new Parameters();
  const text = sql({ gold, now: await gold.now(), parameters }, scope);
  const rows = await gold.clickhouse.rows({
    name: 'loyal_customers',
    sql: text,
    params: parameters.values,
    row,
    signal,
  });
  const became = new Map(rows.map(({ of_day, became_loyal }) => [of_day, became_loyal]));
  let loyal = became.get(0) ?? 0;
  return starts.map((start) => {
    const day = calendar.dayOf(start);
    if (day > 0) loyal += became.get(day) ?? 0;
    return { start: new Date(start).toISOString(), loyal_customers: loyal };
  });
};
