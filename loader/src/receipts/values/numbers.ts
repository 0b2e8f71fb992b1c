import { toMinor } from '@tillstream/schemas/values/money';

/** How numbers are written. */
export interface NumberStyle {
  decimal: '.' | ',';
  thousands?: string | undefined;
}

/** A quantity in thousandths at most, as `record_purchases` has it: 10,000. */
const MAX_QUANTITY = 10_000_000;

const GROUPED = new Map<string, RegExp>();
const grouped = (mark: string): RegExp => {
  const known = GROUPED.get(mark) ?? new RegExp(`^\\d{1,3}(?:[${mark}]\\d{3})+(?![^.,])`);
  GROUPED.set(mark, known);
  return known;
};

const WHOLE = /^\d+$/;
const POINTED = /^\d+\.\d+$/;

/** Sign and digits of a number, `.` before its decimals; currency signs, spaces and parentheses of accountants are gone. */
const plain = (text: string, { decimal, thousands }: NumberStyle) => {
  // Nearly all numbers of nearly all files: whatever the style, or with a point where that is the decimal mark.
  if (WHOLE.test(text) || (decimal === '.' && POINTED.test(text))) return { negative: false, digits: text };
  let digits = text.replace(/[\s\p{Sc}]/gu, '');
  const bracketed = digits.startsWith('(') && digits.endsWith(')');
  if (bracketed) digits = digits.slice(1, -1);
  const negative = bracketed || /^[-\u2212]/.test(digits);
  digits = digits.replace(/^[-\u2212+]/, '');
  if (thousands !== undefined && grouped(thousands).test(digits)) digits = digits.replaceAll(thousands, '');
  if (decimal === ',') {
    if (digits.includes('.')) return undefined;
    digits = digits.replace(',', '.');
  }
  return { negative, digits };
};

/** Minor units of an amount of a file, negative ones too; undefined when it is none of that style and currency. */
export const readAmount = (text: string, style: NumberStyle, decimals: number): number | undefined => {
  const number = plain(text, style);
  if (number === undefined) return undefined;
  const minor = toMinor(number.digits, decimals);
  return minor === undefined || minor === 0 || !number.negative ? minor : -minor;
};

/** Thousandths of a quantity, negative ones too; undefined when it is none, is finer than that, or above 10,000. */
export const readQuantity = (text: string, style: NumberStyle): number | undefined => {
  const number = plain(text, style);
  const match = number === undefined ? null : /^(\d{1,6})(?:\.(\d*))?$/.exec(number.digits);
  if (match === null) return undefined;
  const fraction = (match[2] ?? '').replace(/0+$/, '');
  if (fraction.length > 3) return undefined;
  const thousandths = Number(match[1]) * 1000 + Number(fraction.padEnd(3, '0'));
  if (thousandths > MAX_QUANTITY) return undefined;
  return number?.negative && thousandths > 0 ? -thousandths : thousandths;
};
