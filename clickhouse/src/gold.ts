import { z } from 'zod';
import { type ClickHouse, wasThrown } from './client.ts';
import { type Coarsest, coverOf, type Scope, spansIn } from './cover.ts';
import { type ExactRows, exactRows, factRows, type RowsOptions, slotRows } from './exact-rows.ts';
import { ONE_SNAPSHOT, ONE_THREAD } from './facts.ts';
import { type FiguresQuestion, type FiguresRow, figuresRow, figuresSql, printsRow, provenRow } from './figures-sql.ts';
import { foldedProductRows, foldsOfProducts } from './folded-products.ts';
import { foldedRows, foldsOfFigures, isWhole, PRINTS } from './folded-rows.ts';
import { type Folded, openFolds } from './folds.ts';
import { type ProductRows, productRowsOfFacts, productRowsOfSeals } from './product-rows.ts';
import { type RememberedSeals, rememberedSeals } from './remembered-seals.ts';
import type { SealState } from './seal-state.ts';
import { type ShopCalendar, shopCalendar } from './shop-calendar.ts';
import { type ShopClock, shopDaySql } from './shop-day.ts';

/** A question about the rows of one or more scopes, asked of one moment of the database. */
export interface Question<Row> {
  /** Name in ClickHouse's log. */
  name: string;
  /** What it is about: each becomes a set of rows under its key, to be used as a table in `sql`. */
  scopes: Record<string, Scope>;
  coarsest: Coarsest;
  /** Whether it tells hours apart, by `hour` and `slot`. Default false. */
  byHour?: boolean;
  /**
   * A SELECT without settings over the rows of its scopes: see {@link exactRows} for their columns. `inTwo`: whether
   * each scope also has its sealed and its open rows in tables of their own.
   */
  sql: string | ((inTwo: boolean) => string);
  params?: Record<string, unknown>;
  row: z.ZodType<Row>;
  timeoutSeconds?: number;
  signal?: AbortSignal;
}

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

/** The figures of the shop, exact at any moment. */
export interface Gold {
  calendar: ShopCalendar;
  /** SQL for the business day of a column `slot`. */
  shopDay: string;
  /** The figures of whole scopes: what is asked again is answered from folds. */
  figures(question: FiguresQuestion): Promise<FiguresRow[]>;
  /** Answers in one statement, so that all figures are of one moment. */
  answer<Row>(question: Question<Row>): Promise<Row[]>;
  /** What products sold in a scope by month of business days and country, with their customers; folded as figures are. */
  products(scope: Scope, signal?: AbortSignal): Promise<ProductsRow[]>;
  /** For what is asked of other tables than those of purchases, beside a question. */
  clickhouse: Pick<ClickHouse, 'row' | 'rows'>;
}

const NOT_TOLD_APART = { byHour: false, byWeekday: false, byBranch: false };

const ATTEMPTS = 3;
/** Up to this many facts are read as they are; see {@link factRows}. Beside sealed spans twice as many: two threads read them. */
const FEW_FACTS = 200_000;
const FEW_OPEN_FACTS = 2 * FEW_FACTS;
/** They take a few milliseconds to read; a shop of ten sales a second has some minutes to void one. */
const LEFT_OUT = { facts: 2_000, ms: 10_000 };

export interface GoldOptions {
  /** Facts in a scope up to which its question reads them as they are; 0 asks the seals always. Default 200,000. */
  fewFacts?: number;
  /** The same of the facts of its open days, beside sealed ones; 0 asks sealed slots always. Default 400,000. */
  fewOpenFacts?: number;
  /** The newest facts of open days that no fold takes in: so many, and those of the last milliseconds. Default 2,000 and 10 s. */
  leftOut?: { facts: number; ms: number };
  /** Whether sealed spans are folded for a question that is asked again, or for each before it is answered. Default `again`. */
  folding?: 'again' | 'always';
  /** The clock (ms) by which what is remembered of the seals grows old; it decides no figure. Default the process's own. */
  now?: () => number;
}

/** Opens the figures on a connection; the shop's clock decides where days begin. */
export const openGold = (
  clickhouse: ClickHouse,
  shop: ShopClock,
  {
    fewFacts = FEW_FACTS,
    fewOpenFacts = FEW_OPEN_FACTS,
    leftOut = LEFT_OUT,
    folding = 'again',
    now = () => performance.now(),
  }: GoldOptions = {},
): Gold => {
  const calendar = shopCalendar(shop.SHOP_TIMEZONE, shop.BUSINESS_DAY_START);
  const shopDay = shopDaySql(shop);
  const spans = rememberedSeals(clickhouse, shopDay, 'spans', now);
  const productSeals = rememberedSeals(clickhouse, shopDay, 'products', now);
  const foldsBy = { calendar, fewFacts, fewOpenFacts, leftOut, folding, now };
  const folds = openFolds(clickhouse, { statements: foldsOfFigures(calendar), ...foldsBy });
  const productFolds = openFolds(clickhouse, { statements: foldsOfProducts(calendar), ...foldsBy });

  const shared = { shopDay, timeZone: calendar.timeZone };
  const fromSlots = (options: RowsOptions) => slotRows(options.name, options);
  const coverBy = (state: SealState, { scope, coarsest }: Pick<RowsOptions, 'scope' | 'coarsest'>) =>
    coverOf(scope, coarsest, calendar, state);
  const fromSpans = (state: SealState) => (options: RowsOptions) =>
    exactRows(coverBy(state, options), options, fewOpenFacts);
  const withCtes = (sets: readonly Pick<ExactRows, 'ctes'>[], sql: string, settings = ONE_SNAPSHOT) =>
    `WITH ${sets.map(({ ctes }) => ctes).join(',\n')}\n${sql}\n${settings}`;

  /** From facts where there are few, from slots where only they will do, and else from spans. */
  const answerBy = async <Row>(
    sets: readonly RowsOptions[],
    ask: (rowsOf: (options: RowsOptions) => ExactRows, settings?: string) => Promise<Row[]>,
  ): Promise<Row[]> => {
    const state = await spans.known();
    if (sets.every(({ scope }) => factsIn(scope, calendar, state) <= fewFacts)) {
      return ask(factRows, `${ONE_SNAPSHOT}, ${ONE_THREAD}`);
    }
    if (sets.some(({ coarsest }) => coarsest === 'slot')) return ask(fromSlots);
    return fromGuess(
      spans,
      state,
      (guess) => sets.every((options) => spansIn(coverBy(guess, options)) > 0),
      (guess) => ask(fromSpans(guess)),
      () => ask(fromSlots),
    );
  };

  const answer = async <Row>(question: Question<Row>): Promise<Row[]> => {
    const { name, scopes, coarsest, byHour = false, sql, params, row, timeoutSeconds, signal } = question;
    const sets = Object.entries(scopes).map(([name, scope]): RowsOptions => {
      return { name, scope, coarsest, ...NOT_TOLD_APART, byHour, ...shared };
    });
    return answerBy(sets, (rowsOf, settings) => {
      const rows = sets.map(rowsOf);
      const asked = typeof sql === 'string' ? sql : sql(rows.every(({ inTwo }) => inTwo));
      return clickhouse.rows({
        name,
        sql: withCtes(rows, asked, settings),
        params: Object.assign({}, params, ...rows.map((set) => set.params)),
        row,
        timeoutSeconds,
        signal,
      });
    });
  };

  /** From folds alone; undefined where there are none for all scopes, or one of them was broken and is forgotten now. */
  const fromFolds = async (
    question: FiguresQuestion,
    sets: readonly RowsOptions[],
    state: SealState,
  ): Promise<FiguresRow[] | undefined> => {
    const found: (Folded & { options: RowsOptions })[] = [];
    for (const options of sets) {
      const folded = await folds.find(options, state);
      if (folded === undefined) return undefined;
      found.push({ options, ...folded });
    }
    if (found.every(({ fold }) => fold.rows === 0)) return undefined;
    const wanted = { customers: question.customers ?? true, products: question.products !== undefined };
    const rows = found.map(({ options, cover, fold }) => foldedRows(cover, options, fold, wanted));
    const { sql, params } = figuresSql(question, true);
    const answers = await clickhouse.rows({
      name: question.name,
      sql: withCtes(rows, sql),
      params: Object.assign({}, params, ...rows.map((set) => set.params)),
      row: provenRow,
      signal: question.signal,
    });
    const ofScope = (name: string) => answers.filter(({ scope }) => sets.length === 1 || scope === name);
    const broken = found.filter(({ fold, options }) => !isWhole(fold, ofScope(options.name)));
    for (const { fold } of broken) folds.forget(fold);
    // With its facts those of a seal have become others: what is known of the seals goes on without it.
    if (broken.some(({ fold }) => fold.running === undefined)) await spans.insteadOf(state);
    return broken.length === 0 ? answers : undefined;
  };

  const figures = async (question: FiguresQuestion): Promise<FiguresRow[]> => {
    const { scopes, by = 'nothing', signal } = question;
    const sets = Object.entries(scopes).map(([name, scope]): RowsOptions => {
      const [byHour, byWeekday] = [by === 'hour' || by === 'weekday', by === 'weekday'];
      return { name, scope, coarsest: 'year', byHour, byWeekday, byBranch: by === 'branch', ...shared };
    });
    const state = await spans.known();
    const answers =
      // A running fold that was broken has one of spans behind it.
      (await fromFolds(question, sets, state)) ??
      (await fromFolds(question, sets, state)) ??
      (await answerBy(sets, (rowsOf, settings) => {
        const rows = sets.map(rowsOf);
        const { sql, params } = figuresSql(question, false);
        return clickhouse.rows({
          name: question.name,
          sql: withCtes(rows, sql, settings),
          params: Object.assign({}, params, ...rows.map((set) => set.params)),
          row: figuresRow,
          signal,
        });
      }));
    for (const options of sets) folds.asked(options, state);
    const [only] = sets;
    return answers
      .filter(({ branch_id, hour }) => (by === 'branch' ? branch_id !== '' : by === 'nothing' || hour >= 0))
      .map((row) => (sets.length === 1 && only !== undefined ? { ...row, scope: only.name } : row));
  };

  const products = async (scope: Scope, signal?: AbortSignal): Promise<ProductsRow[]> => {
    const ask = <Row>(sql: string, params: ProductRows['params'], row: z.ZodType<Row>, settings = ONE_SNAPSHOT) =>
      clickhouse.rows({ name: 'products', sql: `${sql}\n${settings}`, params, row, signal });
    const asked = ({ sql, params }: ProductRows, settings?: string) =>
      ask(productsSql(sql), params, productsRow, settings);
    const options: RowsOptions = { name: 'period', scope, coarsest: 'month', ...NOT_TOLD_APART, ...shared };

    const fromFold = async (state: SealState): Promise<ProductsRow[] | undefined> => {
      const folded = await productFolds.find(options, state);
      if (folded === undefined || folded.fold.rows === 0) return undefined;
      const { sql, params } = foldedProductRows(folded.cover, options, folded.fold);
      const rows = await ask(productsSql(sql, PRINTS), params, provenProductsRow);
      if (isWhole(folded.fold, rows)) return rows;
      productFolds.forget(folded.fold);
      if (folded.fold.running === undefined) await productSeals.insteadOf(state);
      return undefined;
    };

    const fromSeals = async (): Promise<ProductsRow[]> => {
      const state = await productSeals.known();
      const fromFacts = (settings?: string) => asked(productRowsOfFacts(scope, shopDay), settings);
      if (factsIn(scope, calendar, state) <= fewFacts) return fromFacts(`${ONE_SNAPSHOT}, ${ONE_THREAD}`);
      return fromGuess(
        productSeals,
        state,
        (guess) => spansIn(coverBy(guess, options)) > 0,
        (guess) => asked(productRowsOfSeals(scope, coverBy(guess, options), guess, shopDay)),
        () => fromFacts(),
      );
    };

    const state = await productSeals.known();
    // A running fold that was broken has one of spans behind it.
    const rows = (await fromFold(state)) ?? (await fromFold(state)) ?? (await fromSeals());
    productFolds.asked(options, state);
    return rows.flatMap(({ sold, ...row }) => {
      const some = sold.filter(([, purchases]) => purchases > 0);
      return some.length === 0 ? [] : [{ ...row, sold: some }];
    });
  };

  return { calendar, shopDay, figures, answer, products, clickhouse };
};

/**
 * Answers from seals that were found sealed a moment ago; the statement itself notices when they are not any more, and it is
 * asked again from a fresh state. Where nothing is sealed, or seals break faster than we look, as in a replay of
 * everything, it is answered otherwise.
 */
const fromGuess = async <Row>(
  seals: RememberedSeals,
  known: SealState,
  isOfUse: (state: SealState) => boolean,
  ask: (state: SealState) => Promise<Row[]>,
  otherwise: () => Promise<Row[]>,
): Promise<Row[]> => {
  let state = known;
  for (let attempt = 0; attempt < ATTEMPTS && isOfUse(state); attempt++) {
    try {
      return await ask(state);
    } catch (error) {
      if (!wasThrown(error)) throw error;
    }
    state = await seals.insteadOf(state);
  }
  return otherwise();
};

/** About how many facts a scope has: those of its days, of all branches. */
const factsIn = ({ from, to }: Scope, calendar: ShopCalendar, { facts }: SealState): number => {
  const [first, last] = [calendar.dayOf(from), calendar.dayOf(Math.max(from, to - 1))];
  let sum = 0;
  for (const [day, rows] of facts) if (day >= first && day <= last) sum += rows;
  return sum;
};
