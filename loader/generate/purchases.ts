import { fromMinor } from '@tillstream/schemas/values/money';
import { seeded } from './random.ts';
import {
  BRANCH_WEIGHTS,
  BRANCHES,
  busyness,
  customerId,
  drawBasket,
  drawCustomer,
  drawWeighted,
  PRODUCTS,
  popularity,
} from './shop.ts';

/** What to generate. The same options give the same rows. */
export interface GenerateOptions {
  purchases: number;
  seed: number;
  days: number;
  /** No sale at or after this moment of the shop's clock, given in milliseconds as if that clock were UTC. */
  until: number;
  /** Different customers at most. */
  customers: number;
  /** Decimals of the shop's currency. */
  decimals: number;
}

const HOUR = 3_600_000;

/** The hours of the period with how many purchases fall into each; their counts add up exactly. */
const hours = ({ purchases, days, until }: GenerateOptions) => {
  const from = until - days * 24 * HOUR;
  const parts: { start: number; seconds: number; weight: number }[] = [];
  for (let hour = Math.floor(from / HOUR) * HOUR; hour < until; hour += HOUR) {
    const start = Math.ceil(Math.max(hour, from) / 1000) * 1000;
    const seconds = Math.ceil((Math.min(hour + HOUR, until) - start) / 1000);
    const at = new Date(hour);
    const weight = (busyness(at.getUTCDay(), at.getUTCHours()) * seconds) / 3600;
    if (seconds > 0 && weight > 0) parts.push({ start, seconds, weight });
  }
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  let before = 0;
  let given = 0;
  return parts.map(({ start, seconds, weight }, index) => {
    before += weight;
    const upTo = index === parts.length - 1 ? purchases : Math.round((purchases * before) / total);
    const count = upTo - given;
    given = upTo;
    return { start, seconds, count };
  });
};

/**
 * The rows of a demo `purchases.csv`, in the order of their times, without header; each ends with LF. No two are the
 * same, since the same row twice is one purchase. Keeps one hour's times in memory, however many rows there are.
 */
export function* purchaseRows(options: GenerateOptions): Generator<string> {
  const { seed, customers } = options;
  const random = seeded(seed);
  const weights = PRODUCTS.map(({ product_id }) => popularity(product_id));
  const prices = PRODUCTS.map(({ unit_price_minor }) => unit_price_minor);
  const names = PRODUCTS.map(({ name }) => name);
  let stranger = customers;

  const ofThisSecond = new Set<string>();
  for (const { start, seconds, count } of hours(options)) {
    const times = Uint16Array.from({ length: count }, () => random.below(seconds)).sort();
    let second = -1;
    let time = '';
    for (const next of times) {
      if (next !== second) {
        second = next;
        time = new Date(start + second * 1000).toISOString().slice(0, 19);
        ofThisSecond.clear();
      }
      const branch = BRANCHES[drawWeighted(random, BRANCH_WEIGHTS)]?.branch_id;
      for (let attempt = 0; ; attempt++) {
        const basket = drawBasket(random, weights);
        // So many sales in one second that baskets run out: only then somebody new must come.
        const number = attempt < 20 ? drawCustomer(random, customers) : stranger++;
        const customer = number === undefined ? '' : customerId(seed, number);
        let total = 0;
        let items = '';
        for (const index of basket) {
          total += prices[index] ?? 0;
          items += items === '' ? names[index] : `,${names[index]}`;
        }
        const row = `${branch},${time},${customer},"${items}",${fromMinor(total, options.decimals)}\n`;
        if (ofThisSecond.has(row)) continue;
        ofThisSecond.add(row);
        yield row;
        break;
      }
    }
  }
}
