import { setTimeout as sleep } from 'node:timers/promises';
import type { Gold } from '@tillstream/clickhouse/questions/gold';
import { readTopProducts } from '@tillstream/clickhouse/questions/products/top-products';
import { LATE_MS, type Sale, type Selling } from '../sales/sales-meanwhile.ts';
import { distribution } from '../statistics.ts';

/** As often as a purchase could be seen at all: more looks would only slow down what is measured. */
const LOOK_MS = 50;
/** Changes come one by one, whether or not the ones before them are shown. */
const EVERY_MS = 700;
const GIVE_UP_MS = 60_000;
const TWO_HOURS = 2 * 3_600_000;

/**
 * How long it takes from the insert of what changes the past until a question shows it, so many times each: a sale of two hours ago, one
 * of three weeks ago in a month that is over, and the void of that one. They are sales of a product that is sold by nobody else; the
 * question is that of top products, over the day or the whole month.
 */
export const measureShownAfter = async (gold: Gold, selling: Selling, times: number): Promise<void> => {
  if (times === 0) return;
  const { calendar } = gold;
  const now = selling.now();
  const today = calendar.dayStart(calendar.dayOf(now));
  const day = { from: today, to: today + 86_400_000 };
  const late = new Date(now - LATE_MS);
  const month = {
    from: Date.UTC(late.getUTCFullYear(), late.getUTCMonth(), 1),
    to: Date.UTC(late.getUTCFullYear(), late.getUTCMonth() + 1, 1),
  };
  const newSale = (product: string, ago: number): Sale => ({ ...selling.newSale(ago), product });

  const sold: Sale[] = [];
  const sellEarlier = (product: string, ago: number) => {
    const sale = newSale(product, ago);
    sold.push(sale);
    return selling.sell(sale);
  };
  const voidNext = () => {
    const sale = sold.shift();
    if (sale === undefined) throw new Error('nothing is left to void');
    return selling.sell({ ...sale, status: 'voided', recorded: selling.now() });
  };
  const product = `seen-${now}`;
  const shown = async (
    what: string,
    scope: { from: number; to: number },
    first: number,
    by: 1 | -1,
    change: () => Promise<void>,
  ) =>
    console.log(
      distribution(`  ${what} is shown after`, await delays(gold, { product, scope, first, by, times }, change)),
    );

  await shown('a sale of two hours ago', day, 0, 1, () => sellEarlier(product, TWO_HOURS));
  sold.length = 0;
  await shown('a sale of three weeks ago', month, 0, 1, () => sellEarlier(product, LATE_MS));
  await shown('the void of that sale', month, times, -1, voidNext);
};

interface Watched {
  product: string;
  scope: { from: number; to: number };
  /** Units of the product before the first change; each changes them `by` one. */
  first: number;
  by: 1 | -1;
  times: number;
}

/** For each change the time (ms) from its insert until the units of the product tell of it. */
const delays = async (
  gold: Gold,
  { product, scope, first, by, times }: Watched,
  change: () => Promise<void>,
): Promise<number[]> => {
  const made: number[] = [];
  const took: number[] = [];
  const changing = (async () => {
    for (let n = 0; n < times; n++) {
      await change();
      made.push(performance.now());
      await sleep(EVERY_MS);
    }
  })();
  const lastLook = performance.now() + times * EVERY_MS + GIVE_UP_MS;
  while (took.length < times && performance.now() < lastLook) {
    const { products } = await readTopProducts(gold, scope, { limit: 1_000, by: 'units' });
    const units = products.find(({ product_id }) => product_id === product)?.units ?? 0;
    const seen = performance.now();
    while (took.length < (units - first) * by && made.length > took.length)
      took.push(seen - (made[took.length] ?? seen));
    await sleep(LOOK_MS);
  }
  await changing;
  if (took.length < times) console.log(`  ${times - took.length} of ${times} changes were never shown`);
  return took;
};
