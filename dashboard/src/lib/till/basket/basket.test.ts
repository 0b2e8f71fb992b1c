import { purchaseRequest } from '@tillstream/schemas/api';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { grossOf, netAmounts, refundOf, shareOf } from './amounts.ts';
import {
  add,
  type Basket,
  type Change,
  countOf,
  EMPTY,
  follow,
  type Line,
  priced,
  requestOf,
  setDiscount,
  setQuantity,
} from './basket.ts';
import { readAmount, readPercent, readQuantity, readSearch, scanned, search } from './entry.ts';
import { CASH, paymentOf, roundAmounts } from './payment.ts';

const product = (name: string, replaced: Partial<Line['product']> = {}): Line['product'] => ({
  product_id: name.toLowerCase(),
  name,
  category: '',
  unit: 'piece',
  sku: null,
  unit_price_minor: 150,
  open_price: false,
  ...replaced,
});
const milk = product('Milk', { category: 'Dairy', sku: '4006381333931' });
const apples = product('Apples', { unit: 'kg', unit_price_minor: 299, category: 'Fruit' });
const cake = product('Crème Cake', { open_price: true, unit_price_minor: 0 });

const basketOf = (change: Change): Basket => {
  if ('refused' in change) throw new Error(change.refused.kind);
  return change.basket;
};
let ids = 0;
const put = (basket: Basket, of: Line['product'], quantity = 1000, most = 0, price = of.unit_price_minor) =>
  add(basket, { product: of, quantity, unit_price_minor: price }, most, String(++ids));

describe('a basket', () => {
  it('counts the same product up, and weighs it anew', () => {
    const twice = basketOf(put(basketOf(put(EMPTY, milk)), milk));
    expect(twice.lines).toMatchObject([{ quantity: 2000 }]);
    expect(basketOf(put(basketOf(put(twice, apples, 735)), apples, 500)).lines).toHaveLength(3);
  });

  it('keeps another price and a discount on a line of their own', () => {
    const one = basketOf(put(EMPTY, cake, 1000, 0, 500));
    const two = basketOf(put(one, cake, 1000, 0, 600));
    const off = setDiscount(two, two.lines[0]?.id, { minor: 100 });
    expect(basketOf(put(off, cake, 1000, 0, 500)).lines).toHaveLength(3);
  });

  it("obeys the chain's limit: of a product so many pieces, or so many weighings", () => {
    const one = basketOf(put(EMPTY, milk, 1000, 1));
    expect(put(one, milk, 1000, 1)).toEqual({ refused: { kind: 'limit', product: milk, most: 1 } });
    expect(setQuantity(one, one.lines[0]?.id ?? '', 2000, 1)).toHaveProperty('refused');
    const weighed = basketOf(put(one, apples, 12_345, 1));
    expect(put(weighed, apples, 1, 1)).toHaveProperty('refused');
    expect(countOf(weighed, 'apples')).toBe(1);
    expect(setQuantity(weighed, weighed.lines[1]?.id ?? '', 20_000, 1)).toHaveProperty('basket');
    expect(put(basketOf(put(EMPTY, milk, 3000, 5)), milk, 3000, 5)).toHaveProperty('refused');
    expect(put(one, milk, 99_000, 0)).toHaveProperty('basket');
  });

  it('is at most as long as a purchase may be', () => {
    let basket = EMPTY;
    for (let n = 0; n < 200; n++) basket = basketOf(put(basket, apples, 500));
    expect(put(basket, apples, 500)).toEqual({ refused: { kind: 'too-long', most: 200 } });
  });

  it('takes no more off than there is, whatever happens to the line', () => {
    const two = basketOf(put(EMPTY, milk, 2000));
    const id = two.lines[0]?.id ?? '';
    const off = setDiscount(setDiscount(two, id, { minor: 200 }), undefined, { percent: 1000 });
    expect(priced(off)).toMatchObject({ subtotal_minor: 100, discount_minor: 10, saved_minor: 210, total_minor: 90 });
    const less = basketOf(setQuantity(off, id, 1000, 0));
    expect(priced(less)).toMatchObject({ saved_minor: 150, total_minor: 0 });
    expect(priced(setDiscount(setDiscount(off, id, undefined), undefined, undefined)).total_minor).toBe(300);
    expect(basketOf(setQuantity(off, id, 0, 0)).lines).toEqual([]);
  });

  it('follows the catalog, and says what changed', () => {
    const basket = basketOf(put(basketOf(put(basketOf(put(EMPTY, milk)), cake, 1000, 0, 700)), apples, 500));
    const dearer = { ...milk, unit_price_minor: 160 };
    const followed = follow(basket, [dearer, cake]);
    expect(followed.changed).toEqual([dearer]);
    expect(followed.gone).toEqual([apples]);
    expect(followed.basket.lines.map(({ unit_price_minor }) => unit_price_minor)).toEqual([160, 700, 299]);
  });
});

test('whatever a basket holds, its request is one that the API reads, and its amounts add up', () => {
  const discount = fc.option(
    fc.oneof(
      fc.record({ percent: fc.integer({ min: 0, max: 10_000 }) }),
      fc.record({ minor: fc.integer({ min: 0, max: 2_000_000_000 }) }),
    ),
    { nil: undefined },
  );
  const line = fc.record({
    of: fc.constantFrom(milk, apples, cake),
    quantity: fc.integer({ min: 1, max: 10_000_000 }),
    price: fc.integer({ min: 0, max: 1_000_000_000 }),
    discount,
  });
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), discount, (given, own) => {
      const basket: Basket = {
        customer: 'card 7',
        lines: given.map(({ of, quantity, price, discount: off }, index) => ({
          id: String(index),
          product: of,
          quantity: of.unit === 'kg' ? quantity : Math.ceil(quantity / 1000) * 1000,
          unit_price_minor: price,
          ...(off && { discount: off }),
        })),
        ...(own && { discount: own }),
      };
      const { lines, subtotal_minor, discount_minor, saved_minor, total_minor } = priced(basket);
      const gross = lines.reduce((sum, { gross_minor }) => sum + gross_minor, 0);
      expect(total_minor).toBe(gross - saved_minor);
      expect(total_minor).toBeGreaterThanOrEqual(0);
      const nets = netAmounts(
        lines.map((one) => one.total_minor),
        discount_minor,
      );
      expect(nets.reduce((sum, net) => sum + net, 0)).toBe(total_minor);
      expect(Math.min(...nets)).toBeGreaterThanOrEqual(0);
      expect(subtotal_minor).toBe(total_minor + discount_minor);
      const body = requestOf(basket, { branch_id: 'A', sold_at: '2026-11-20T10:00:00.000Z' });
      const read = purchaseRequest.parse(JSON.parse(JSON.stringify(body)));
      expect(read.items.map(({ quantity }) => Math.round(Number(quantity) * 1000))).toEqual(
        basket.lines.map(({ quantity }) => quantity),
      );
    }),
  );
});

test('amounts are rounded half up, and what comes back in any steps is all that was paid', () => {
  expect([grossOf(735, 299), grossOf(500, 1), grossOf(499, 1), grossOf(10_000_000, 1_000_000_000)]).toEqual([
    220, 1, 0, 10_000_000_000_000,
  ]);
  expect(shareOf(70, 0, 0)).toBe(0);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10 ** 12 }),
      fc.array(fc.integer({ min: 1, max: 9999 }), { minLength: 1 }),
      (paid, steps) => {
        const bought = steps.reduce((sum, step) => sum + step, 0);
        let before = 0;
        let back = 0;
        for (const step of steps) {
          const refund = refundOf(paid, bought, before, step);
          expect(refund).toBeGreaterThanOrEqual(0);
          back += refund;
          before += step;
        }
        expect(back).toBe(paid);
      },
    ),
  );
});

describe('a payment', () => {
  it('gives change out of cash alone, and keeps what was paid', () => {
    const cash = (amount_minor: number) => ({ type: CASH, amount_minor });
    const card = (amount_minor: number) => ({ type: 'card', amount_minor });
    expect(paymentOf(735, [])).toEqual({ due_minor: 735, change_minor: 0, tenders: [] });
    expect(paymentOf(735, [cash(1000)])).toEqual({ due_minor: 0, change_minor: 265, tenders: [cash(735)] });
    expect(paymentOf(735, [card(500), cash(100)])).toMatchObject({ due_minor: 135 });
    expect(paymentOf(735, [card(500), cash(100), cash(200)])).toEqual({
      due_minor: 0,
      change_minor: 65,
      tenders: [card(500), cash(235)],
    });
    expect(paymentOf(0, [])).toEqual({ due_minor: 0, change_minor: 0, tenders: [] });
  });

  it('offers round amounts of the currency', () => {
    expect(roundAmounts(735, 2)).toEqual([800, 1000, 2000, 5000]);
    expect(roundAmounts(8320, 2)).toEqual([9000, 10_000, 20_000, 50_000]);
    expect(roundAmounts(735, 0)).toEqual([800, 1000, 2000, 5000]);
    expect(roundAmounts(1_250, 3)).toEqual([2000, 5000, 10_000, 20_000]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 10 }), fc.constantFrom(0, 2, 3, 4), (due, decimals) => {
        const amounts = roundAmounts(due, decimals);
        expect(amounts).toHaveLength(4);
        expect(amounts.every((amount) => amount > due)).toBe(true);
        expect(amounts).toEqual([...new Set(amounts)].sort((a, b) => a - b));
      }),
    );
  });
});

describe('what is typed', () => {
  it('is an amount in the decimals of the currency, with a point or a comma', () => {
    expect([readAmount('12,30', 'EUR'), readAmount('12.3', 'EUR'), readAmount('1,500', 'KWD')]).toEqual([
      1230, 1230, 1500,
    ]);
    expect([readAmount('1,500', 'EUR'), readAmount('12,5', 'JPY'), readAmount('-1', 'EUR')]).toEqual(
      Array(3).fill(undefined),
    );
  });

  it('is a quantity: pieces are whole, kilograms have three decimals', () => {
    expect(['1', '12', '0,735', '10000'].map((text) => readQuantity(text, 'kg'))).toEqual([
      1000, 12_000, 735, 10_000_000,
    ]);
    expect(['0', '0.000', '0.7355', '10000.001', 'a', ''].map((text) => readQuantity(text, 'kg'))).toEqual(
      Array(6).fill(undefined),
    );
    expect([readQuantity('2', 'piece'), readQuantity('2.000', 'piece'), readQuantity('1.5', 'piece')]).toEqual([
      2000,
      2000,
      undefined,
    ]);
  });

  it('is a share of up to all', () => {
    expect([readPercent('10'), readPercent('12,5 %'), readPercent('100%'), readPercent('101')]).toEqual([
      1000,
      1250,
      10_000,
      undefined,
    ]);
  });

  it('finds products by words, without accents, and by what a scanner reads', () => {
    const products = [apples, cake, milk];
    expect(search(products, '')).toBe(products);
    expect(search(products, 'creme c')).toEqual([cake]);
    expect(search(products, 'dairy')).toEqual([milk]);
    expect(search(products, 'm')).toEqual([milk, cake]);
    expect(scanned(products, ' 4006381333931 ')).toBe(milk);
    expect(scanned(products, '400638')).toBeUndefined();
    expect(readSearch('3*milk')).toEqual({ times: '3', sought: 'milk' });
    expect(readSearch('0,5 x apples')).toEqual({ times: '0,5', sought: 'apples' });
    expect(readSearch('7up x')).toEqual({ times: undefined, sought: '7up x' });
  });
});
