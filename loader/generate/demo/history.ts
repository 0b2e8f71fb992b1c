import { fromMinor } from '@tillstream/schemas/values/money';
import { type Random, seeded } from '../random.ts';
import { BRANCHES, customerId, drawCustomer } from '../shop.ts';
import { ASSORTMENT } from './assortment.ts';
import { type Channel, growth, perHour, type ShopTime, WEB_BRANCH } from './pace.ts';
import { type DemoLine, drawReceipt, eveningOff, grossOf, type Offer } from './receipt.ts';

/** The columns of the demo's receipts.csv. */
export const RECEIPT_COLUMNS = [
  ...[
    'receipt_number',
    'timestamp',
    'branch_id',
    'channel',
    'customer_id',
    'product',
    'quantity',
    'unit_price',
    'discount',
  ],
  ...['cashier', 'tender', 'original_receipt'],
] as const;

/** What history to make. The same options give the same rows. */
export interface HistoryOptions {
  seed: number;
  days: number;
  /** No sale at or after this moment of the shop's clock. */
  until: ShopTime;
  /** Different customers at most. */
  customers: number;
  /** Decimals of the shop's currency. */
  decimals: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Coffee was on offer for a week, and chocolate two months ago; both were bought more then. */
const PROMOTIONS = [
  { product: 'coffee', from: 16, to: 9, off: 0.2, times: 3 },
  { product: 'chocolate', from: 70, to: 63, off: 0.25, times: 4 },
];
/** There were no eggs in Vienna for some days. */
const STOCK_OUT = { product: 'eggs', branch: 'SMKT002', from: 6, to: 3 };

const RETURNED = 0.015;

/** What a branch offers at some time, so many days ago. */
const offerOf = (branch: string, time: ShopTime, daysAgo: number): Offer => {
  const running = PROMOTIONS.filter(({ from, to }) => daysAgo <= from && daysAgo > to);
  const isOut = branch === STOCK_OUT.branch && daysAgo <= STOCK_OUT.from && daysAgo > STOCK_OUT.to;
  return {
    products: ASSORTMENT,
    weights: ASSORTMENT.map(({ product_id, popularity }) => {
      if (isOut && product_id === STOCK_OUT.product) return 0;
      return popularity * (running.find(({ product }) => product === product_id)?.times ?? 1);
    }),
    off: (product) =>
      running.find((promotion) => promotion.product === product.product_id)?.off ?? eveningOff(product, time),
  };
};

/** How many come when so many are expected (Knuth). */
const drawCount = (random: Random, expected: number): number => {
  const limit = Math.exp(-expected);
  let count = 0;
  for (let left = random.next(); left > limit; left *= random.next()) count++;
  return count;
};

/**
 * The rows of the demo's receipts.csv, hour by hour, without header; each ends with LF. Pace and mix are those that the simulated tills
 * go on with.
 */
export function* historyRows({ seed, days, until, customers, decimals }: HistoryOptions): Generator<string> {
  const random = seeded(seed);
  const numbers = new Map<string, number>();
  const places = [
    ...BRANCHES.map(({ branch_id }) => ({ channel: 'pos' as Channel, branch: branch_id as string })),
    { channel: 'web' as Channel, branch: WEB_BRANCH as string },
  ];
  const money = (minor: number) => fromMinor(minor, decimals);
  const textOf = (time: ShopTime) => new Date(time).toISOString().slice(0, 19).replace('T', ' ');
  const lineOf = ({ product, quantity, discount }: DemoLine, sign: string) => [
    product.product_id,
    `${sign}${quantity / 1000}`,
    money(product.unit_price_minor),
    discount === 0 ? '' : money(discount),
  ];
  const nameOf = new Map(ASSORTMENT.map(({ product_id, name }) => [product_id, name]));

  for (let hour = Math.ceil((until - days * DAY) / HOUR) * HOUR; hour < until; hour += HOUR) {
    const daysAgo = (until - hour) / DAY;
    for (const { channel, branch } of places) {
      const expected = perHour(channel, branch, hour) * growth(until - hour);
      if (expected === 0) continue;
      const offer = offerOf(branch, hour, daysAgo);
      const times = Array.from({ length: drawCount(random, expected) }, () => hour + random.below(3600) * 1000);
      for (const time of times.sort((one, other) => one - other)) {
        if (time >= until) break;
        const { lines, cashier, tender } = drawReceipt(random, offer, channel, branch, time);
        const series = channel === 'web' ? 'WEB' : branch;
        const number = (numbers.get(series) ?? 0) + 1;
        numbers.set(series, number);
        const receipt = `${series}-${String(number).padStart(6, '0')}`;
        const who = drawCustomer(random, customers);
        const customer = who === undefined ? '' : customerId(seed, who);
        const row = (its: string, at: ShopTime, line: DemoLine, sign: string, original: string) => {
          const [product = '', ...amounts] = lineOf(line, sign);
          const name = nameOf.get(product) ?? product;
          const till = [cashier, sign === '' ? tender : '', original];
          return `${[its, textOf(at), branch, channel, customer, name, ...amounts, ...till].join()}\n`;
        };
        for (const line of lines) yield row(receipt, time, line, '', '');

        const [first] = lines;
        if (random.next() >= RETURNED || first === undefined) continue;
        // Some days later, at noon or after.
        const back =
          Math.floor(time / DAY) * DAY + (1 + random.below(9)) * DAY + 12 * HOUR + random.below(5 * 3600) * 1000;
        if (back < until && grossOf(first) > 0) yield row(`${receipt}-R`, back, first, '-', receipt);
      }
    }
  }
}
