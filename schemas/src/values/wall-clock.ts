const DAY = 86_400_000;

/**
 * The first moment of a day (`YYYY-MM-DD`) on the clock of a time zone, in milliseconds since 1970. Where the clock skips
 * midnight it is the first moment after.
 */
export const startOfDay = (timeZone: string, date: string): number => {
  const wallAt = wallClock(timeZone);
  const midnight = Date.parse(`${date}T00:00:00Z`);
  let [before, start] = [midnight - DAY, midnight + DAY];
  while (start - before > 1) {
    const middle = Math.floor((before + start) / 2);
    if (wallAt(middle) >= midnight) start = middle;
    else before = middle;
  }
  return start;
};

/**
 * What the clock of a time zone (an IANA name) shows at an instant, written as if it were UTC; both are milliseconds
 * since 1970. Throws a RangeError when there is no such zone.
 */
export const wallClock = (timeZone: string): ((instant: number) => number) => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const [month = 1, day = 1, year = 1970, hour = 0, minute = 0, second = 0] =
      format.format(instant).match(/\d+/g)?.map(Number) ?? [];
    return Date.UTC(year, month - 1, day, hour, minute, second) + (((instant % 1000) + 1000) % 1000);
  };
};
