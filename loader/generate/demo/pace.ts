import { BRANCH_WEIGHTS, BRANCHES, busyness } from '../shop.ts';

/** Purchases in an hour of a busyness of 1, in all shops together. */
const PER_BUSYNESS = 0.65;

/** Orders of the web shop in two days, by the hour of the shop's clock; at 2 it rests, since clocks that go forward skip that hour. */
const WEB = [2, 1, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 2, 2, 3, 3, 4, 5, 6, 6, 5, 3];

/** The branch that the web shop sells from. */
export const WEB_BRANCH = BRANCHES[0].branch_id;

export type Channel = 'pos' | 'web';

/** The shop's clock, in milliseconds as if that clock were UTC. */
export type ShopTime = number;

/** Purchases an hour that a branch makes at a time of the shop's clock, at the pace of today; 0: it is closed. */
export const perHour = (channel: Channel, branch: string, time: ShopTime): number => {
  const at = new Date(time);
  const hour = at.getUTCHours();
  if (channel === 'web') return branch === WEB_BRANCH ? (WEB[hour] ?? 0) / 2 : 0;
  const place = BRANCHES.findIndex(({ branch_id }) => branch_id === branch);
  const share = (BRANCH_WEIGHTS[place] ?? 0) / BRANCH_WEIGHTS.reduce((sum, weight) => sum + weight, 0);
  return PER_BUSYNESS * share * busyness(at.getUTCDay(), hour);
};

/** No branch sells more in any hour. */
export const MOST_PER_HOUR = 12;

const DAY = 86_400_000;
/** In so many days the chain grows by a factor of e. */
const GROWTH_DAYS = 365;

/** What the chain sold some time ago, beside today. */
export const growth = (ago: number): number => Math.exp(-ago / DAY / GROWTH_DAYS);
