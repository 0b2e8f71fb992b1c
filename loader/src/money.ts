import { MAX_AMOUNT_MINOR } from '@tillstream/schemas/files';

const DECIMAL = /^0*(\d{1,7})(?:\.(\d{1,2}))?$/;

/**
 * Minor units (cents) of a decimal in major units: `12`, `12.3` and `12.30` are all right. Undefined for anything
 * else: a sign, an exponent, a thousands separator, more than two decimals, more than {@link MAX_AMOUNT_MINOR}.
 */
export const toMinor = (text: string): number | undefined => {
  const match = DECIMAL.exec(text.trim());
  if (match === null) return undefined;
  // Both parts are whole numbers, so no binary fraction ever comes near the money.
  const minor = Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
  return minor <= MAX_AMOUNT_MINOR ? minor : undefined;
};

/** The decimal in major units of an amount in minor units: 1230 → `12.30`. */
export const fromMinor = (minor: number): string =>
  `${Math.trunc(minor / 100)}.${String(minor % 100).padStart(2, '0')}`;
