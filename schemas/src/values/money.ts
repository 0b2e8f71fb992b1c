/** The largest amount that a file may hold, in minor units: 9,999,999.99 in euros. */
export const MAX_AMOUNT_MINOR = 999_999_999;

/**
 * The currencies that have other than two decimals, by ISO 4217. A table of our own because `Intl` follows custom instead:
 * it gives HUF, IDR, PKR and a dozen more no decimals, and IQD none where ISO says three.
 */
const OTHER_THAN_TWO: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0]),
  ),
  ...Object.fromEntries('BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3])),
  ...Object.fromEntries('CLF UYW'.split(' ').map((code) => [code, 4])),
};

/** How many decimals the amounts of a currency have, by its ISO 4217 code: JPY 0, EUR 2, KWD 3. */
export const currencyDecimals = (code: string): number => OTHER_THAN_TWO[code] ?? 2;

const DECIMAL = /^0*(\d{1,10})(?:\.(\d{1,4}))?$/;

/**
 * Minor units of a decimal in major units: for two decimals `12`, `12.3` and `12.30` are all right. Undefined for anything
 * else: a sign, an exponent, a thousands separator, too many decimals, more than {@link MAX_AMOUNT_MINOR}.
 *
 * @param decimals of the currency, see {@link currencyDecimals}
 */
export const toMinor = (text: string, decimals: number): number | undefined => {
  const match = DECIMAL.exec(text.trim());
  if (match === null) return undefined;
  const fraction = match[2] ?? '';
  // `150.00` is 150 yen; but `1.500` may be one and a half or fifteen hundred.
  if (fraction.length > Math.max(decimals, 2) || Number(fraction.slice(decimals)) > 0) return undefined;
  // Both parts are whole numbers, so no binary fraction ever comes near the money.
  const minor = Number(match[1]) * 10 ** decimals + Number(fraction.slice(0, decimals).padEnd(decimals, '0'));
  return minor <= MAX_AMOUNT_MINOR ? minor : undefined;
};

/** The decimal in major units of an amount in minor units: with two decimals 1230 is `12.30`, with none `1230`. */
export const fromMinor = (minor: number, decimals: number): string => {
  if (decimals === 0) return String(minor);
  const digits = String(Math.abs(minor)).padStart(decimals + 1, '0');
  return `${minor < 0 ? '-' : ''}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
};
