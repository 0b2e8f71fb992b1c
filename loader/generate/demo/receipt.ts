import type { Random } from '../random.ts';
import { drawBasket, drawWeighted } from '../shop.ts';
import type { Article } from './assortment.ts';
import type { Channel, ShopTime } from './pace.ts';

/** A line of a receipt: the quantity in thousandths, amounts in minor units. */
export interface DemoLine {
  product: Pick<Article, 'product_id' | 'unit' | 'unit_price_minor'>;
  quantity: number;
  discount: number;
}

/** What a till puts on a receipt, but for number and customer. */
export interface DemoReceipt {
  lines: DemoLine[];
  /** Empty in the web shop. */
  cashier: string;
  tender: string;
}

/** What a shop sells at some moment: products, and how they are bought then. */
export interface Offer {
  products: readonly DemoLine['product'][];
  weights: readonly number[];
  /** Part of the price that is taken off a product. */
  off: (product: DemoLine['product']) => number;
}

const CASHIERS: Record<string, readonly [string, ...string[]]> = {
  SMKT001: ['Ana', 'Ben', 'Cem', 'Dilan'],
  SMKT002: ['Emil', 'Fanny'],
  SMKT003: ['Gilles', 'Hélène'],
};

/** What a line costs before its discount, rounded half up as `record_purchases` does. */
export const grossOf = ({ product, quantity }: Pick<DemoLine, 'product' | 'quantity'>): number =>
  Math.floor((quantity * product.unit_price_minor + 500) / 1000);

/** Between a handful and a bag: thousandths of a kilogram. */
const weight = (random: Random): number => Math.round(150 + random.next() ** 2 * 1_400);

/** Draws a receipt of an offer at a branch: each product once, as `MAX_QUANTITY_PER_PRODUCT` has it by default. */
export const drawReceipt = (
  random: Random,
  { products, weights, off }: Offer,
  channel: Channel,
  branch: string,
  time: ShopTime,
): DemoReceipt => {
  const lines = drawBasket(random, weights).flatMap((index) => {
    const product = products[index];
    if (product === undefined) return [];
    const quantity = product.unit === 'kg' ? weight(random) : 1000;
    return [{ product, quantity, discount: Math.round(grossOf({ product, quantity }) * off(product)) }];
  });
  if (channel === 'web') return { lines, cashier: '', tender: random.next() < 0.55 ? 'card' : 'paypal' };
  const names = CASHIERS[branch] ?? ['Kim'];
  // Two shifts, each of which has some of them.
  const early = new Date(time).getUTCHours() < 14;
  const shift = names.filter((_, index) => (index % 2 === 0) === early);
  const cashier =
    shift[
      drawWeighted(
        random,
        shift.map(() => 1),
      )
    ] ?? names[0];
  return { lines, cashier, tender: random.next() < 0.62 ? 'card' : 'cash' };
};

/** From this hour on bread costs less. */
const BREAD_HOUR = 20;
const BREAD_OFF = 0.3;
const BAKERY = new Set(['bread', 'croissant', 'baguette']);

/** What is taken off at any day's end. */
export const eveningOff = (product: DemoLine['product'], time: ShopTime): number =>
  BAKERY.has(product.product_id) && new Date(time).getUTCHours() >= BREAD_HOUR ? BREAD_OFF : 0;
