import type { Scope } from '@tillstream/clickhouse/calendar/cover';
import type { Level } from '@tillstream/clickhouse/calendar/spans';
import { type Gold, READ } from '@tillstream/clickhouse/questions/gold';
import { Parameters } from '@tillstream/clickhouse/questions/parameters';
import { coverOfScope, type RowsContext, rowsOf } from '@tillstream/clickhouse/questions/rows';
import { z } from 'zod';

const row = z.object({ first: z.int(), sold: z.int() });

const sql = (context: RowsContext, scope: Scope, coarsest: Level): string => `
  SELECT toUnixTimestamp(minIf(begins, purchases > 0)) AS first, sum(purchases) AS sold
  FROM ${rowsOf(context, scope, coverOfScope(context, scope, coarsest), {
    columns: ['purchases'],
    keys: { begins: ['start', 'slot'] },
  })} ${READ}`;

/** When the first row with a purchase begins (ms): a slot or, where the coarsest level is a day, perhaps that. */
const firstBeginning = async (
  gold: Gold,
  scope: Scope,
  coarsest: Level,
  signal: AbortSignal | undefined,
): Promise<number | undefined> => {
  const parameters = new Parameters();
  const text = sql({ gold, now: await gold.now(), parameters }, scope, coarsest);
  const question = { name: `first_sale_${coarsest}`, sql: text, params: parameters.values, row, signal };
  const { first, sold } = await gold.clickhouse.row(question);
  return sold === 0 ? undefined : first * 1000;
};

/**
 * The slot (its beginning, ms) of the first sale in a scope; undefined when there is none. The first day with a sale is
 * found among sealed days, then the slot in that day.
 */
export const firstSaleSlot = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<number | undefined> => {
  const first = await firstBeginning(gold, scope, 'day', signal);
  if (first === undefined) return undefined;
  const { dayOf, dayStart } = gold.calendar;
  const day = dayOf(first);
  const thatDay = { ...scope, from: Math.max(scope.from, dayStart(day)), to: Math.min(scope.to, dayStart(day + 1)) };
  // Its only sale may have become void in between.
  return firstBeginning(gold, thatDay, 'slot', signal);
};
