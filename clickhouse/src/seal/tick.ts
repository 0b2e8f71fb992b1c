import { z } from 'zod';
import { IN_BACKGROUND, type SealContext } from './context.ts';
import { proofSteps } from './proof.ts';
import { NOTHING_SEALED, type SealedRows, sealStaleDays } from './seal-days.ts';
import { readState, writeState } from './state.ts';
import { sealMilestones } from './tables/milestones.ts';

/** A quarter of an hour. */
const SLOT_MS = 900_000;

/**
 * What a sealer knows from tick to tick. It saves work and no more: what it does not know is looked at again, and what it
 * misses is found by the proof.
 */
export interface Seen {
  /** What arrived before was looked at (ms since 1970, on ClickHouse's clock); absent at first: a proof looks at all there is. */
  until?: number;
  /** By day and branch (or milestone): the newest arrival that was looked at. */
  arrivals: Map<string, number>;
}

/** An insert that takes longer than this from its arrival to its commit (ms) is found by the proof, not by a tick. */
const MARGIN_MS = 10_000;

/** By business day and branch (or milestone), `20000 SMKT001`: the newest arrival (ms since 1970). */
const arrivals = z.record(z.string(), z.int());
const look = z.object({ now: z.int(), horizon: z.int(), sales: arrivals, milestones: arrivals });

/** One row: what time it is, the horizon, and what has arrived since a moment and lies before that horizon. */
const lookSql = (shopDay: string): string => {
  const newest = (table: string, whose: string) => `(
    SELECT maxMap(map(concat(toString(toUInt16(${shopDay})), ' ', ${whose}), toUnixTimestamp64Milli(arrived_at))) FROM silver.${table}
    WHERE arrived_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND slot < until)`;
  return `
    WITH (SELECT max(at) FROM sealed.state WHERE clock = {clock:String} AND name = 'horizon') AS until
    SELECT toUnixTimestamp64Milli(now64(3)) AS now, toUnixTimestamp64Milli(until) AS horizon,
      ${newest('purchases', 'toString(branch_id)')} AS sales,
      ${newest('customer_milestones', "concat(toString(milestone), ' ', toString(branch_id))")} AS milestones
    SETTINGS ${IN_BACKGROUND}, optimize_use_projections = 0`;
};

/** What a tick did. */
export interface Tick extends SealedRows {
  /** Every slot before it is sealed (ms since 1970). */
  horizon: number;
}

export interface TickOptions {
  /** What time it is (ms since 1970); absent: ClickHouse's clock. */
  now?: number;
  /** How long after its end (ms) a slot waits for its last sales; later ones are sealed anew. */
  graceMs: number;
  /** Whether the first sealing waits while history is being loaded: until then everything is read from the facts. */
  waits?: boolean;
}

/**
 * One cheap look at what has arrived: whatever changed the past is sealed anew, and slots that have ended are sealed. Without anything new it
 * is one statement. The first one of all seals everything.
 *
 * @param seen is brought up to date
 */
export const tick = async (context: SealContext, seen: Seen, options: TickOptions): Promise<Tick> => {
  const { calendar } = context;
  const { now, horizon: before, sales, milestones } = await lookAround(context, seen.until);
  if (before === 0) return sealFirst(context, seen, options);
  const horizon = Math.max(before, lastSlotBefore((options.now ?? now) - options.graceMs));
  const news = (found: z.output<typeof arrivals>) =>
    Object.entries(found).filter(([key, newest]) => (seen.arrivals.get(key) ?? 0) < newest);
  const daysOf = (found: readonly [string, number][]) => [...new Set(found.map(([key]) => Number.parseInt(key, 10)))];
  const [newSales, newMilestones] = [news(sales), news(milestones)];

  const done = { ...NOTHING_SEALED };
  if (newSales.length > 0 || horizon > before) {
    const ended = horizon > before ? between(calendar.dayOf(before), calendar.dayOf(horizon) - 1) : [];
    const open = horizon > before ? between(calendar.dayOf(before), calendar.dayOf(horizon)) : [];
    const days = [...new Set([...daysOf(newSales), ...open])];
    const { countries } = await readState(context);
    Object.assign(done, await sealStaleDays(context, { horizon, countries }, days, ended));
    const openDay = calendar.dayOf(horizon);
    if (ended.length > 0) done.milestones += await sealMilestones(context, openDay, ended);
  }
  if (newMilestones.length > 0) {
    done.milestones += await sealMilestones(context, calendar.dayOf(horizon), daysOf(newMilestones));
  }
  if (horizon > before) {
    await writeState(context, { horizon, open_day: calendar.dayStart(calendar.dayOf(horizon)), changed: true });
  } else if (done.slots + done.days + done.milestones > 0) await writeState(context, { changed: true });

  // Only now: what is not sealed yet is looked at again by the next tick.
  for (const [key, newest] of [...newSales, ...newMilestones]) seen.arrivals.set(key, newest);
  for (const [key, newest] of seen.arrivals) if (newest < now - 2 * MARGIN_MS) seen.arrivals.delete(key);
  seen.until = now;
  return { ...done, horizon };
};

/** After everything that can have arrived (2100). */
const NOTHING_YET = 4_102_444_800_000;

/** One look; `since` undefined: at nothing that has arrived. Throws what ClickHouse throws. */
const lookAround = (
  { clickhouse, shopDay, clock, signal }: SealContext,
  since: number | undefined,
): Promise<z.output<typeof look>> =>
  clickhouse.row({
    name: 'sealer_look',
    sql: lookSql(shopDay),
    params: { clock, since: since === undefined ? NOTHING_YET : since - MARGIN_MS },
    row: look,
    timeoutSeconds: 120,
    signal,
  });

/** While more than a hundredth of all sales before a moment came in the last seconds, history is being loaded. */
const IS_CALM = `
  SELECT count() > 0 AND countIf(arrived_at > now64(3) - INTERVAL 5 SECOND) * 100 <= count() AS is_calm
  FROM silver.purchases WHERE slot < {horizon:DateTime('UTC')}`;

/**
 * Where nothing is sealed yet: all that is over is sealed, by day, before anybody is told to rely on it. Not while there is nothing, or
 * history comes in: it would all be late.
 */
const sealFirst = async (context: SealContext, seen: Seen, options: TickOptions): Promise<Tick> => {
  const { clickhouse, calendar, signal } = context;
  const { now, countries } = await readState(context);
  const horizon = lastSlotBefore((options.now ?? now) - options.graceMs);
  if (options.waits) {
    const { is_calm } = await clickhouse.row({
      name: 'is_history_loading',
      sql: IS_CALM,
      params: { horizon: horizon / 1000 },
      row: z.object({ is_calm: z.union([z.boolean(), z.int()]) }),
      timeoutSeconds: 120,
      signal,
    });
    if (!is_calm) return { ...NOTHING_SEALED, horizon: 0 };
  }
  const done = { ...NOTHING_SEALED };
  for await (const { slots, days, milestones } of proofSteps(context, { horizon, countries })) {
    done.slots += slots;
    done.days += days;
    done.milestones += milestones;
  }
  const open_day = calendar.dayStart(calendar.dayOf(horizon));
  await writeState(context, { horizon, open_day, changed: true, proved: now });
  seen.until = now;
  return { ...done, horizon };
};

/** The beginning of the quarter of an hour in which a moment lies. */
const lastSlotBefore = (moment: number): number => Math.floor(moment / SLOT_MS) * SLOT_MS;

const between = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
