import { z } from 'zod';
import type { ClickHouse } from './client.ts';
import { coverOf, type Scope, spansIn } from './cover.ts';
import type { RowsOptions } from './exact-rows.ts';
import { ONE_SNAPSHOT, ONE_THREAD } from './facts.ts';
import { type Fold, isWhole, PRINTS, printsRow } from './fold.ts';
import { foldedProductRows } from './folded-products.ts';
import type { Folds } from './folds.ts';
import { factsIn, fromGuess } from './guessed.ts';
import { type ProductRows, productRowsOfFacts, productRowsOfSeals } from './product-rows.ts';
import type { RememberedSeals } from './remembered-seals.ts';
import type { SealState } from './seal-state.ts';
import type { ShopCalendar } from './shop-calendar.ts';

/** What all products of one month and country sold, side by side: a row for each would be four times as much to write, send and read. */
export type ProductsRow = z.output<typeof productsRow>;

const productsRow = z.object({
  /** The month's first business day (days since 1970-01-01), and the country in which the branches are now. */
  first_day: z.int(),
  country: z.string(),
  newest: z.int(),
  /** Of each product its purchases, units, revenue, the total of its purchases, and its customers. */
  sold: z.array(z.tuple([z.string(), z.int(), z.int(), z.int(), z.int(), z.int()])),
});
const provenProductsRow = productsRow.extend(printsRow.shape);

const productsSql = (rows: string, prints?: string): string => `
  SELECT toUInt16(month) AS first_day, country, toUnixTimestamp64Milli(max(part.newest)) AS newest,
    groupArray((toString(product_id), purchases, units, revenue_minor, baskets_minor, unique_customers)) AS sold${prints === undefined ? '' : `, ${prints}`}
  FROM (${rows}) AS part
  GROUP BY month, country
  ORDER BY month, country`;

export interface ProductsOptions {
  clickhouse: ClickHouse;
  calendar: ShopCalendar;
  seals: RememberedSeals;
  folds: Folds<Fold>;
  /** What a scope's rows are told apart by (nothing), and the shop's day. */
  shared: Omit<RowsOptions, 'name' | 'scope' | 'coarsest'>;
  /** Facts in a scope up to which they are read as they are. */
  fewFacts: number;
  /** Whether a scope has so few that they are read sooner than a fold. */
  isSmall: (scope: Scope, state: SealState) => boolean;
}

/** Answers what products sold by month and country: from folds, and where there are none yet, or no more, from seals or facts. */
export const openProducts = ({ clickhouse, calendar, seals, folds, shared, fewFacts, isSmall }: ProductsOptions) => {
  const products = async (scope: Scope, signal?: AbortSignal): Promise<ProductsRow[]> => {
    const ask = <Row>(sql: string, params: ProductRows['params'], row: z.ZodType<Row>, settings = ONE_SNAPSHOT) =>
      clickhouse.rows({ name: 'products', sql: `${sql}\n${settings}`, params, row, signal });
    const asked = ({ sql, params }: ProductRows, settings?: string) =>
      ask(productsSql(sql), params, productsRow, settings);
    const options: RowsOptions = { name: 'period', scope, coarsest: 'month', ...shared };

    const fromFold = async (state: SealState): Promise<ProductsRow[] | undefined> => {
      const folded = await folds.find(options, state);
      if (folded === undefined || folded.fold.rows === 0) return undefined;
      const { sql, params } = foldedProductRows(folded.cover, options, folded.fold);
      const rows = await ask(productsSql(sql, PRINTS), params, provenProductsRow);
      if (isWhole(folded.fold, rows)) return rows;
      folds.forget(folded.fold.id);
      if (folded.fold.running === undefined) await seals.insteadOf(state);
      return undefined;
    };

    const fromSeals = async (): Promise<ProductsRow[]> => {
      const state = await seals.known();
      const fromFacts = (settings?: string) => asked(productRowsOfFacts(scope, shared.shopDay), settings);
      if (factsIn(scope, calendar, state) <= fewFacts) return fromFacts(`${ONE_SNAPSHOT}, ${ONE_THREAD}`);
      return fromGuess(
        seals,
        state,
        (guess) => spansIn(coverOf(scope, 'month', calendar, guess)) > 0,
        (guess) => asked(productRowsOfSeals(scope, coverOf(scope, 'month', calendar, guess), guess, shared.shopDay)),
        () => fromFacts(),
      );
    };

    const state = await seals.known();
    const isFolded = !isSmall(scope, state);
    // A running fold that was broken has one of spans behind it.
    const folded = async () => (await fromFold(state)) ?? (await fromFold(state));
    const rows = (isFolded ? await folded() : undefined) ?? (await fromSeals());
    if (isFolded) folds.asked(options, state);
    return rows.flatMap(({ sold, ...row }) => {
      const some = sold.filter(([, purchases]) => purchases > 0);
      return some.length === 0 ? [] : [{ ...row, sold: some }];
    });
  };

  return products;
};
