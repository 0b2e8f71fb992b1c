import type { ShopClock } from '../calendar/shop-day.ts';
import type { ClickHouse } from '../client.ts';
import { sealContext } from './context.ts';
import { proofSteps } from './proof.ts';
import { readState, writeState } from './state.ts';

/**
 * Seals everything before the horizon anew, true or not, while sales come in: each row is replaced whole, so figures stay exact meanwhile.
 *
 * @param progress told after each step
 */
export const rebuildGold = async (
  clickhouse: ClickHouse,
  shop: ShopClock,
  progress?: (what: string, done: number, of: number) => void,
): Promise<void> => {
  const context = { ...sealContext(clickhouse, shop), force: true };
  const until = await readState(context);
  // Nothing is sealed yet: the sealer begins with everything.
  if (until.horizon === 0) return;
  let days = 0;
  for await (const sealed of proofSteps(context, until)) {
    days += sealed.days;
    progress?.('days of branches', days, days);
  }
  await writeState(context, { changed: true });
};
