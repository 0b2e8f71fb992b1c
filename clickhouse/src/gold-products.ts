import { z } from 'zod';
import type { ShopCalendar } from './calendar/shop-calendar.ts';
import type { ClickHouse } from './client.ts';
import { coverOf, type Scope, spansIn } from './cover.ts';
import { countOf } from './customer-sets.ts';
import type { RowsOptions } from './exact-rows.ts';
import { ONE_SNAPSHOT, ONE_THREAD } from './facts.ts';
import type { FoldedProducts } from './folded-products.ts';
import type { FromFolds } from './from-folds.ts';
import { factsIn, fromGuess } from './guessed.ts';
import { type ProductRows, productRowsOfFacts, productRowsOfSeals } from './product-rows.ts';
import type { RememberedSeals } from './remembered-seals.ts';
import { compareText } from './text-order.ts';

/** What all products of one month and country sold, side by side: a row for each would be four times as much to write, send and read. */
export type ProductsRow = z.output<typeof productsRow>;

const productsRow = z.object({
  /** The month's first business day (days since 1970-01-01), and the country in which the branches are now. */
  first_day: z.int(),
  country: z.string(),
  /** The newest sale, ms since 1970. */
  newest: z.int(),
  /** Of each product its purchases, units, revenue, the total of its purchases, and its customers. */
  sold: z.array(z.tuple([z.string(), z.int(), z.int(), z.int(), z.int(), z.int()])),
});

const productsSql = (rows: string): string => `
  SELECT toUInt16(month) AS first_day, country, toUnixTimestamp64Milli(max(part.newest)) AS newest,
    groupArray((toString(product_id), purchases, units, revenue_minor, baskets_minor, unique_customers)) AS sold
  FROM (${rows}) AS part
  GROUP BY month, country
  ORDER BY month, country`;

type Sold = ProductsRow['sold'][number];

/** The same row of products that are there already. */
const rowOf = ({ month: first_day, country, newest, products }: FoldedProducts): ProductsRow => ({
  ...{ first_day, country, newest },
  sold: Array.from(
    products,
    ([product_id, { purchases, units, revenue_minor, baskets_minor, customers }]): Sold => [
      product_id,
      purchases,
      units,
      revenue_minor,
      baskets_minor,
      countOf(customers),
    ],
  ),
});

const inOrder = (a: ProductsRow, b: ProductsRow): number =>
  a.first_day - b.first_day || compareText(a.country, b.country);

export interface ProductsOptions {
  clickhouse: ClickHouse;
  calendar: ShopCalendar;
  seals: RememberedSeals;
  fromFolds: FromFolds<FoldedProducts>;
  shared: Pick<RowsOptions, 'shopDay' | 'timeZone'>;
  /** Facts in a scope up to which they are read as they are. */
  fewFacts: number;
}

/** Answers what products sold by month and country: from folds, and where there are none yet, or no more, from seals or facts. */
export const openProducts = ({ clickhouse, calendar, seals, fromFolds, shared, fewFacts }: ProductsOptions) => {
  // Most months stay as they are from one answer to the next.
  const rowsKnown = new WeakMap<FoldedProducts, ProductsRow>();
  const rowsHeld = (held: ReadonlyMap<string, FoldedProducts>): ProductsRow[] =>
    Array.from(held.values(), (products) => {
      const row = rowsKnown.get(products) ?? rowOf(products);
      rowsKnown.set(products, row);
      return row;
    });

  const products = async (scope: Scope, signal?: AbortSignal): Promise<ProductsRow[]> => {
    const name = 'products';
    const ask = ({ sql, params }: ProductRows, settings = ONE_SNAPSHOT) =>
      clickhouse.rows({ name, sql: `${productsSql(sql)}\n${settings}`, params, row: productsRow, signal });

    const fromSeals = async (): Promise<ProductsRow[]> => {
      const state = await seals.known();
      const fromFacts = (settings?: string) => ask(productRowsOfFacts(scope, shared.shopDay), settings);
      if (factsIn(scope, calendar, state) <= fewFacts) return fromFacts(`${ONE_SNAPSHOT}, ${ONE_THREAD}`);
      return fromGuess(
        seals,
        state,
        (guess) => spansIn(coverOf(scope, 'month', calendar, guess)) > 0,
        (guess) => ask(productRowsOfSeals(scope, coverOf(scope, 'month', calendar, guess), guess, shared.shopDay)),
        () => fromFacts(),
      );
    };

    const options: RowsOptions = {
      ...{ name: 'period', scope, coarsest: 'month', byStart: 'month', byProduct: true },
      ...{ byHour: false, byWeekday: false, byBranch: false },
      ...shared,
    };
    const folded = await fromFolds({ name, sets: [options], signal });
    const rows = folded ? folded.figures.flatMap(rowsHeld).sort(inOrder) : await fromSeals();
    return rows.flatMap(({ sold, ...row }) => {
      const some = sold.filter((product) => product[1] > 0);
      return some.length === 0 ? [] : [{ ...row, sold: some }];
    });
  };

  return products;
};
