import type { Kpis } from '@tillstream/schemas/read-api';
import type { UsualRange } from './usual-range.ts';

/** What the page shows, as the server reads it and the live stream carries it. Money in minor units, times in UTC. */
export interface Figures {
  branches: { branch_id: string; branch: string; country: string }[];
  today: Today;
  all_time: Kpis;
  /** The last business days, the oldest first; the last one is today, so far. */
  days: { date: string; purchases: number; revenue_minor: number; usual: UsualRange | null }[];
  /** What each of the 24 hours of such a weekday usually brings; null where there is no telling. */
  usual_hours: (UsualRange | null)[];
  last_purchases: LastPurchase[];
  /** Since when a change is missing from the figures of all time and of days before today (UTC); null: none is. */
  behind_since: string | null;
}

/** The main figures of a chosen period, and of what it is compared with. */
export interface PeriodFigures {
  now: Kpis;
  before?: Kpis;
}

export interface Totals {
  purchases: number;
  revenue_minor: number;
  average_basket_minor: number;
}

export interface Today {
  /** The business day, and the same weekday a week before. */
  date: string;
  before_date: string;
  so_far: Totals;
  /** Of the day before until the same time of the clock. */
  before: Totals;
  /** 24 hours since the business day began; `clock` is the time each begins. The day before is whole. */
  hours: { clock: string; today: HourTotals; before: HourTotals }[];
  /** Index of the hour that is running. */
  hour: number;
}

export interface HourTotals {
  purchases: number;
  revenue_minor: number;
}

export interface LastPurchase {
  id: string;
  branch_id: string;
  sold_at: string;
  items: number;
  total_minor: number;
  products: string[];
}

/** How the sales travel from the tills to the figures; null is "not known now". */
export interface Pipeline {
  /** Sales that wait to be sent, counted up to a bound. */
  waiting: number | null;
  /** Since when the first of them waits. */
  waiting_since: string | null;
  /** Sales that were sent and are not counted yet. */
  uncounted: number | null;
  /** The newest comparison of the figures with the books, which Postgres keeps. */
  books: Books | null;
  sealer: Sealer | null;
}

/** How far the sealer is, which sums up what lies before the running quarter of an hour. Null: it never was. */
export interface Sealer {
  /** When every sealed sum was last proved against its purchases. */
  proved_at: string | null;
  /** Purchases before this moment are summed up; those since then are counted one by one. */
  sealed_until: string | null;
}

/** What an operator should know of besides; asked every ten seconds. */
export interface Warnings {
  /** Messages that went to quarantine in the last ten minutes; null is "not known now". */
  quarantined_lately: number | null;
  /** Who else reads as ClickHouse's consumer group; null is "not known now". */
  strangers: string[] | null;
}

/** What the reconciler found: differences that are not healed yet. */
export interface Books {
  checked_at: string | null;
  compared: number;
  lost: number;
  extra: number;
  different: number;
  /** Why nothing is healed that takes something away; empty while healing goes on. */
  healing_stopped?: string;
}

/** One message of the live stream, and what the page is rendered with. */
export interface LiveMessage {
  /** The server's clock when it was sent, so that ages do not depend on the browser's. */
  server_time: string;
  /** When the figures were last known to be the newest there are; null before the first time. */
  checked_at: string | null;
  /** Whether the last look at the database succeeded. */
  ok: boolean;
  pipeline: Pipeline;
  /** Absent when they are what was sent before. */
  figures?: Figures;
}
