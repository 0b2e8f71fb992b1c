/** What a token of a date format matches, and which part of a time it is. */
const TOKENS: Record<string, { pattern: string; part: string }> = {
  YYYY: { pattern: '\\d{4}', part: 'year' },
  YY: { pattern: '\\d{2}', part: 'shortYear' },
  MM: { pattern: '\\d{2}', part: 'month' },
  M: { pattern: '\\d{1,2}', part: 'month' },
  DD: { pattern: '\\d{2}', part: 'day' },
  D: { pattern: '\\d{1,2}', part: 'day' },
  HH: { pattern: '\\d{2}', part: 'hour' },
  H: { pattern: '\\d{1,2}', part: 'hour' },
  hh: { pattern: '\\d{2}', part: 'halfHour' },
  h: { pattern: '\\d{1,2}', part: 'halfHour' },
  mm: { pattern: '\\d{2}', part: 'minute' },
  ss: { pattern: '\\d{2}', part: 'second' },
  A: { pattern: '[AaPp]\\.?[Mm]\\.?', part: 'meridiem' },
  Z: { pattern: 'Z|UTC|[+-]\\d{2}:?\\d{2}', part: 'offset' },
};
const TOKEN = /YYYY|YY|MM|M|DD|D|HH|H|hh|h|mm|ss|A|Z/g;

/** Turns a time of a file into ISO 8601, whose values may still be wrong; undefined when it has another form. */
export type DateReader = (text: string) => string | undefined;

/**
 * Reads times of a format of the tokens YYYY YY M MM D DD H HH h hh mm ss A Z, such as `D/M/YYYY HH:mm`; whatever else stands in it
 * stands in the times. Throws an Error that says what the format lacks.
 */
export const dateReader = (format: string): DateReader => {
  const parts: string[] = [];
  const pattern = format
    .trim()
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\s+/g, '\\x20+')
    .replace(TOKEN, (token) => {
      const { pattern: matches = '', part = '' } = TOKENS[token] ?? {};
      parts.push(part);
      return `(${matches})`;
    });
  const has = (...any: string[]) => any.some((part) => parts.includes(part));
  if (!has('year', 'shortYear') || !has('month') || !has('day') || !has('hour', 'halfHour')) {
    throw new Error('needs a year, a month, a day and an hour, as D/M/YYYY HH:mm has');
  }
  if (new Set(parts).size < parts.length) throw new Error('has a part twice');
  if (has('halfHour') !== has('meridiem')) throw new Error('needs A (AM or PM) with h, and no A with H');

  const whole = new RegExp(`^${pattern}$`);
  const at = (part: string) => parts.indexOf(part) + 1;
  const places = [
    'year',
    'shortYear',
    'month',
    'day',
    'hour',
    'halfHour',
    'minute',
    'second',
    'meridiem',
    'offset',
  ].map(at);
  return (text) => {
    const match = whole.exec(text.trim());
    if (match === null) return undefined;
    const [year, shortYear, month = '', day = '', hour, halfHour = '', minute, second, meridiem, offset] = places.map(
      (place) => (place === 0 ? undefined : match[place]),
    );
    const hours = hour ?? fullHour(halfHour, meridiem ?? '');
    if (hours === undefined) return undefined;
    const date = `${year ?? `20${shortYear}`}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
    const zone = offset === undefined ? '' : offset === 'UTC' ? 'Z' : offset;
    return `${date}T${hours.padStart(2, '0')}:${minute ?? '00'}:${second ?? '00'}${zone}`;
  };
};

/** 12 AM is midnight, 12 PM noon. */
const fullHour = (half: string, meridiem: string): string | undefined => {
  const hour = Number(half);
  if (hour < 1 || hour > 12) return undefined;
  return String((hour % 12) + (meridiem.toUpperCase().startsWith('P') ? 12 : 0));
};
