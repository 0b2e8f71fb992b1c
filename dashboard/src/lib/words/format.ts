import { currencyDecimals } from '@tillstream/schemas/values/money';

/** The language of the page; see text.ts. */
const LOCALE = 'en-GB';

/** What the shop decides about how figures are shown. */
export interface Shop {
  currency: string;
  timeZone: string;
}

/** How the page writes money, numbers and times, in the shop's currency and on the shop's clock. */
export interface Format {
  /** ISO 4217. */
  currency: string;
  /** Minor units, in full: `€1,234.50`. */
  money(minor: number): string;
  /** Minor units, rounded for an axis: `€1.2K`. */
  shortMoney(minor: number): string;
  number(value: number): string;
  /** A share from 0 to 1 as whole percent, small ones with a decimal: `12 %`, `0.4 %`; 0 and 100 only when it is. */
  percent(share: number): string;
  /** With one decimal: `1.4`. */
  decimal(value: number): string;
  /** Time of a moment on the shop's clock: `14:05`. */
  time(moment: number): string;
  /** `14:05:09` */
  exactTime(moment: number): string;
  /** `21 Nov 2026, 14:05` */
  moment(moment: number): string;
  /** A time of the last half day, else with its date: `18 Nov, 14:05`. */
  timeNear(moment: number, now: number): string;
  /** The same without seconds: where an hour or less begins. */
  hourNear(moment: number, now: number): string;
  /** A business day `YYYY-MM-DD`: `Friday 20 November 2026`, `Friday`, `20 Nov` or `Fri 20 Nov`. */
  fullDate(date: string): string;
  weekday(date: string): string;
  shortDate(date: string): string;
  dayDate(date: string): string;
  /** A month `YYYY-MM`: `Nov 2026`. */
  month(month: string): string;
  /** Days, both included: `20 Oct – 18 Nov 2026`. */
  range(days: { first: string; last: string }): string;
}

export const createFormat = ({ currency, timeZone }: Shop): Format => {
  const numbers = (options: Intl.NumberFormatOptions = {}) => onFirstUse(() => new Intl.NumberFormat(LOCALE, options));
  // By ISO 4217, as the amounts are stored: left to itself Intl shows a forint or a rupiah without its decimals.
  const decimals = currencyDecimals(currency);
  const money = numbers({
    style: 'currency',
    currency,
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  const short = numbers({ style: 'currency', currency, notation: 'compact', maximumFractionDigits: 1 });
  const number = numbers();
  const decimal = numbers({ minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const unit = 10 ** decimals;
  const moments = (options: Intl.DateTimeFormatOptions) =>
    onFirstUse(() => new Intl.DateTimeFormat(LOCALE, { timeZone, hourCycle: 'h23', ...options }));
  const time = moments({ hour: '2-digit', minute: '2-digit' });
  const exactTime = moments({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const dateAndTime = moments({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
  const dateAndYear = moments({
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  });
  // A business day is a date, not a moment: it is written as it is, in no time zone.
  const date = (options: Intl.DateTimeFormatOptions) => {
    const written = moments({ timeZone: 'UTC', ...options });
    return (day: string) =>
      written()
        .format(new Date(`${day}T00:00:00Z`))
        .replace(',', '');
  };
  const shortWithYear = date({ day: 'numeric', month: 'short', year: 'numeric' });
  const shortDate = date({ day: 'numeric', month: 'short' });
  const monthYear = date({ month: 'short', year: 'numeric' });
  return {
    currency,
    percent: (share) => {
      const percent = share * 100;
      // Neither nothing nor all.
      if (percent > 0 && percent < 0.05) return '< 0.1 %';
      if (percent >= 99.5 && percent < 100) return '> 99 %';
      return `${percent > 0 && percent < 9.95 ? decimal().format(percent) : number().format(Math.round(percent))} %`;
    },
    decimal: (value) => decimal().format(value),
    month: (month) => monthYear(`${month}-01`),
    range: ({ first, last }) => {
      if (first === last) return shortWithYear(last);
      const begin = first.slice(0, 4) === last.slice(0, 4) ? shortDate(first) : shortWithYear(first);
      return `${begin} – ${shortWithYear(last)}`;
    },
    money: (minor) => money().format(minor / unit),
    shortMoney: (minor) => short().format(minor / unit),
    number: (value) => number().format(value),
    time: (at) => time().format(at),
    exactTime: (at) => exactTime().format(at),
    moment: (at) => dateAndYear().format(at),
    timeNear: (at, now) => (isNear(at, now) ? exactTime : dateAndTime)().format(at),
    hourNear: (at, now) => (isNear(at, now) ? time : dateAndTime)().format(at),
    fullDate: date({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }),
    weekday: date({ weekday: 'long' }),
    shortDate,
    dayDate: date({ weekday: 'short', day: 'numeric', month: 'short' }),
  };
};

const isNear = (at: number, now: number) => Math.abs(now - at) < 43_200_000;

/** Intl's objects are slow to make and a page uses a few of them. */
const onFirstUse = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

/** A whole number as the page writes it, whatever the shop. */
export const grouped = (value: number): string => value.toLocaleString(LOCALE);

/** A duration in milliseconds as one number and unit: `8 s`, `3 min`, `2 h`, `4 days`. */
export const duration = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
};
