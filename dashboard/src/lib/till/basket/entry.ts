import { currencyDecimals, toMinor } from '@tillstream/schemas/values/money';
import type { Product } from './basket.ts';

/** One comma is a decimal point, as on the numeric keys of much of the world. */
const pointed = (text: string): string => text.trim().replace(/^(\d+),(\d+)$/, '$1.$2');

/** Minor units of an amount that somebody typed; undefined when it is none. */
export const readAmount = (text: string, currency: string): number | undefined =>
  toMinor(pointed(text), currencyDecimals(currency));

/** Thousandths of a quantity that somebody typed, above 0 and at most 10,000; pieces are whole. Undefined when it is none. */
export const readQuantity = (text: string, unit: Product['unit']): number | undefined => {
  const match = /^(\d{1,5})(?:\.(\d{1,3}))?$/.exec(pointed(text));
  if (match === null) return undefined;
  const thousandths = Number(match[1]) * 1000 + Number((match[2] ?? '').padEnd(3, '0'));
  if (thousandths === 0 || thousandths > 10_000_000 || (unit === 'piece' && thousandths % 1000 > 0)) return undefined;
  return thousandths;
};

/** Hundredths of a percent, up to 100 %. Undefined when it is none. */
export const readPercent = (text: string): number | undefined => {
  const hundredths = toMinor(pointed(text.replace(/\s*%$/, '')), 2);
  return hundredths === undefined || hundredths > 10_000 ? undefined : hundredths;
};

/** What stands in the search field: `3*milk` or `3 x milk` is three of what is sought. */
export const readSearch = (text: string): { times: string | undefined; sought: string } => {
  const match = /^\s*(\d+(?:[.,]\d{1,3})?)\s*(?:[*×]|x\s)\s*(.*)$/i.exec(text);
  return match === null
    ? { times: undefined, sought: text.trim() }
    : { times: match[1], sought: (match[2] ?? '').trim() };
};

/** Letters without their accents, in lower case. */
const plain = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();

/** Products with every word somewhere in name, category or SKU; those whose name begins with the text come first. */
export const search = (products: readonly Product[], text: string): readonly Product[] => {
  const sought = plain(text.trim());
  if (sought === '') return products;
  const words = sought.split(/\s+/);
  const found = products.filter(({ name, category, sku }) => {
    const all = plain(`${name} ${category} ${sku ?? ''}`);
    return words.every((word) => all.includes(word));
  });
  const first = (product: Product) => (plain(product.name).startsWith(sought) ? 0 : 1);
  return found.toSorted((a, b) => first(a) - first(b));
};

/** The product with this SKU: what a scanner reads. Undefined when there is none. */
export const scanned = (products: readonly Product[], text: string): Product | undefined =>
  products.find(({ sku }) => sku !== null && sku.toLowerCase() === text.trim().toLowerCase());
