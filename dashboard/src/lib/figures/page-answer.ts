/** What a page of figures is rendered with, and what it asks for again while it is looked at. */
export interface PageAnswer<T, P = undefined> {
  /** Tells what the figures are about: those of another key are not kept. */
  key: string;
  /** Whether the newest attempt to read them succeeded. */
  ok: boolean;
  /** When they were read, UTC; null when they never could be. */
  read_at: string | null;
  /** The server's clock, so that ages do not depend on the browser's. */
  server_time: string;
  figures?: T;
  /** Figures whose cost grows with the shop: each with an age of its own. */
  parts: P;
}

/** A part of a page that is read in the background. */
export interface Part<T> {
  ok: boolean;
  /** When it was read, UTC; null when it is not there yet. */
  read_at: string | null;
  value?: T;
}

/** The days of a view, for labels; all of them `YYYY-MM-DD`, both ends included. */
export interface ViewDays {
  days?: { first: string; last: string };
  beforeDays?: { first: string; last: string };
  running: boolean;
  /** Instants (UTC) of the period, for links into the read API; absent for all time. */
  from?: string;
  to?: string;
  /** The end of what is compared with, as the shop's clock shows it: the comparison of a running period ends there. */
  until: string;
}
