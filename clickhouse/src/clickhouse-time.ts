/** An instant (ms since 1970) as ClickHouse reads a `DateTime64(3, 'UTC')`: `2026-11-20 10:00:00.000`. */
export const clickhouseTime = (instant: number): string =>
  new Date(instant).toISOString().replace('T', ' ').slice(0, -1);
