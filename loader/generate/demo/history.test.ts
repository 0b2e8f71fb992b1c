import { expect, test } from 'vitest';
import { type HistoryOptions, historyRows, RECEIPT_COLUMNS } from './history.ts';
import { growth, MOST_PER_HOUR, perHour, WEB_BRANCH } from './pace.ts';
import { DEMO_CUSTOMERS, DEMO_DAYS } from './shop.ts';

/** A Friday afternoon. */
const UNTIL = Date.UTC(2026, 10, 20, 16, 30);
const OPTIONS: HistoryOptions = { seed: 1, days: DEMO_DAYS, until: UNTIL, customers: DEMO_CUSTOMERS, decimals: 2 };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const rows = [...historyRows(OPTIONS)].map((row) => {
  const fields = row.trimEnd().split(',');
  const of = (column: (typeof RECEIPT_COLUMNS)[number]) => fields[RECEIPT_COLUMNS.indexOf(column)] ?? '';
  return { of, at: Date.parse(`${of('timestamp').replace(' ', 'T')}Z`), quantity: Number(of('quantity')) };
});
const sold = rows.filter(({ quantity }) => quantity > 0);
const receipts = new Map<string, typeof sold>();
for (const line of sold) {
  const number = line.of('receipt_number');
  receipts.set(number, [...(receipts.get(number) ?? []), line]);
}
const when = [...receipts.values()].flatMap(([first]) => (first === undefined ? [] : [first]));

test('the same seed gives the same rows, another seed others', () => {
  const textOf = (options: HistoryOptions) => [...historyRows({ ...options, days: 3 })].join('');
  expect(textOf(OPTIONS)).toBe(textOf({ ...OPTIONS }));
  expect(textOf(OPTIONS)).not.toBe(textOf({ ...OPTIONS, seed: 2 }));
});

test('thirteen months, no more than start in seconds, each product once on a receipt and one piece of it', () => {
  expect(receipts.size).toBeGreaterThan(15_000);
  expect(receipts.size).toBeLessThan(25_000);
  expect(Math.min(...when.map(({ at }) => at))).toBeLessThan(UNTIL - 390 * DAY);
  expect(Math.max(...rows.map(({ at }) => at))).toBeLessThan(UNTIL);
  for (const lines of receipts.values()) {
    expect(new Set(lines.map(({ of }) => of('product'))).size).toBe(lines.length);
    expect(new Set(lines.map(({ of }) => `${of('timestamp')} ${of('customer_id')} ${of('cashier')}`)).size).toBe(1);
  }
  const weighed = new Set(sold.filter(({ quantity }) => quantity % 1 !== 0).map(({ of }) => of('product')));
  expect(sold.filter(({ of, quantity }) => !weighed.has(of('product')) && quantity !== 1)).toEqual([]);
  for (const column of ['cashier', 'tender', 'discount', 'channel'] as const) {
    expect(new Set(sold.map(({ of }) => of(column))).size).toBeGreaterThan(1);
  }
});

test('shops are closed at night, the web shop is not', () => {
  for (const { of, at } of when)
    expect(perHour(of('channel') === 'web' ? 'web' : 'pos', of('branch_id'), at)).toBeGreaterThan(0);
  const hours = (channel: string) =>
    new Set(when.filter(({ of }) => of('channel') === channel).map(({ at }) => new Date(at).getUTCHours()));
  expect([...hours('pos')].filter((hour) => hour < 7 || hour > 21)).toEqual([]);
  expect(hours('web').size).toBe(23);
});

test('a return is of an earlier receipt and gives back what one of its lines cost', () => {
  const returns = rows.filter(({ quantity }) => quantity < 0);
  expect(returns.length).toBeGreaterThan(100);
  for (const back of returns) {
    const line = receipts.get(back.of('original_receipt'))?.find(({ of }) => of('product') === back.of('product'));
    expect(line?.at).toBeLessThan(back.at);
    for (const column of ['unit_price', 'discount', 'branch_id'] as const)
      expect(line?.of(column)).toBe(back.of(column));
    expect(line?.quantity).toBe(-back.quantity);
  }
});

test('the tills sell at the pace of the history at that hour of the week: today is like the same day last week', () => {
  // Of four weeks and each hour: what was sold beside what the tills would sell, with growth taken out.
  const places = [...new Set(when.map(({ of }) => of('branch_id')))];
  let sales = 0;
  let expected = 0;
  for (let hour = Math.floor(UNTIL / HOUR) * HOUR - 28 * DAY; hour < Math.floor(UNTIL / HOUR) * HOUR; hour += HOUR) {
    const pace = places.reduce((sum, branch) => sum + perHour('pos', branch, hour), perHour('web', WEB_BRANCH, hour));
    for (const branch of places) expect(perHour('pos', branch, hour)).toBeLessThanOrEqual(MOST_PER_HOUR);
    expected += pace * growth(UNTIL - hour);
  }
  for (const { at } of when) if (at >= UNTIL - 28 * DAY && at < Math.floor(UNTIL / HOUR) * HOUR) sales++;
  // Five times what independent customers deviate by.
  expect(Math.abs(sales - expected)).toBeLessThan(5 * Math.sqrt(expected));
});

test('a promotion sells more, and what is out of stock is not sold', () => {
  const within = (from: number, to: number) =>
    sold.filter(({ at }) => at >= UNTIL - from * DAY && at < UNTIL - to * DAY);
  const count = (some: typeof sold, product: string, branch = '') =>
    some.filter(({ of }) => of('product') === product && (branch === '' || of('branch_id') === branch)).length;
  const coffee = within(16, 9).filter(({ of }) => of('product') === 'Coffee');
  expect(coffee.length).toBeGreaterThan(1.5 * count(within(23, 16), 'Coffee'));
  expect(coffee.filter(({ of }) => of('discount') !== '').length).toBeGreaterThan(0.8 * coffee.length);
  expect(count(within(5.9, 3.1), 'Eggs', 'SMKT002')).toBe(0);
  expect(count(within(9, 6), 'Eggs', 'SMKT002')).toBeGreaterThan(0);
});
