import type { z } from 'zod';
import { PURCHASES } from './arrived-purchases.ts';
import { type ShopCalendar, shopCalendar } from './calendar/shop-calendar.ts';
import { type ShopClock, shopDaySql } from './calendar/shop-day.ts';
import { openCatalog } from './catalog.ts';
import { openChangeFeed } from './change-feed.ts';
import type { ClickHouse } from './client.ts';
import { type Coarsest, coverOf, type Scope, spansIn } from './cover.ts';
import type { Customers } from './customer-sets.ts';
import { type ExactRows, exactRows, factRows, type RowsOptions, slotRows } from './exact-rows.ts';
import { ONE_SNAPSHOT, ONE_THREAD } from './facts.ts';
import { figuresFolds } from './figures-folds.ts';
import type { FiguresQuestion, FiguresRow, FoldedQuestion } from './figures-sql.ts';
import type { FoldKind, HeldFold } from './fold.ts';
import { FIGURES_HELD } from './folded-figures.ts';
import { PRODUCTS_HELD } from './folded-products.ts';
import { type FoldMaker, openFolds } from './folds.ts';
import { type FromFolds, openFromFolds } from './from-folds.ts';
import { type AskRows, openFigures } from './gold-figures.ts';
import { openProducts, type ProductsRow } from './gold-products.ts';
import { factsIn, fromGuess } from './guessed.ts';
import type { LiveFeed } from './live-figures.ts';
import { openLooks } from './looks.ts';
import { type LoyalInBranches, rememberLoyalInBranches } from './loyal-in-branches.ts';
import { type LoyalMoments, rememberLoyalMoments } from './loyal-moments.ts';
import { productsFolds } from './products-folds.ts';
import { type RememberedSeals, rememberedSeals } from './remembered-seals.ts';
import type { SealState } from './seal-state.ts';

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

/** The figures of the shop, exact at any moment. */
export interface Gold {
  calendar: ShopCalendar;
  /** SQL for the business day of a column `slot`. */
  shopDay: string;
  /** The figures of whole scopes: what is asked again is answered from folds. */
  figures(question: FiguresQuestion): Promise<FiguresRow[]>;
  /** The same of each day or hour of the clock, from folds alone: undefined where there are none yet, or no more. */
  folded(question: FoldedQuestion): Promise<FiguresRow[] | undefined>;
  /** Answers in one statement, so that all figures are of one moment. */
  answer<Row>(question: Question<Row>): Promise<Row[]>;
  /** The customers of a scope by month of business days (its first one), from folds alone as well. */
  customersByMonth(name: string, scope: Scope, signal?: AbortSignal): Promise<Map<number, Customers> | undefined>;
  /** What products sold in a scope by month of business days and country, with their customers; folded as figures are. */
  products(scope: Scope, signal?: AbortSignal): Promise<ProductsRow[]>;
  /** The same of each branch. */
  loyalInBranches: LoyalInBranches;
  /** The names of products in the catalog, not older than the question. */
  productNames(): Promise<ReadonlyMap<string, string>>;
  /** When the customers of the chain became loyal. */
  loyal: LoyalMoments;
  /** For what is asked of other tables than those of purchases, beside a question. */
  clickhouse: Pick<ClickHouse, 'row' | 'rows'>;
}

const NOT_TOLD_APART = { byHour: false, byWeekday: false, byBranch: false };

/** Up to this many facts are read as they are; see {@link factRows}. Beside sealed spans twice as many: two threads read them. */
const FEW_FACTS = 200_000;
const FEW_OPEN_FACTS = 2 * FEW_FACTS;
/** They are read with FINAL in the time that a question takes anyway. */
const FEW_CUSTOMERS = 20_000;
/** They take a few milliseconds to read; a shop of a sale a second has eight minutes to void one. */
const LEFT_OUT = { facts: 500, ms: 10_000 };

export interface GoldOptions {
  /** Facts in a scope up to which its question reads them as they are; 0 asks the seals always. Default 200,000. */
  fewFacts?: number;
  /** The same of the facts of its open days, beside sealed ones; 0 asks sealed slots always. Default 400,000. */
  fewOpenFacts?: number;
  /** Fewer customers than this are not remembered. Default 20,000. */
  fewCustomers?: number;
  /** The newest facts of open days that no fold takes in: so many, and those of the last milliseconds. Default 500 and 10 s. */
  leftOut?: { facts: number; ms: number };
  /** Whether sealed spans are folded for a question that is asked again, or for each before it is answered. Default `again`. */
  folding?: 'again' | 'always';
  /** Whether figures that were read once follow the feed of changes, or are read beside folds each time. Default true. */
  live?: boolean;
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
    fewCustomers = FEW_CUSTOMERS,
    leftOut = LEFT_OUT,
    folding = 'again',
    live = true,
    now = () => performance.now(),
  }: GoldOptions = {},
): Gold => {
  const calendar = shopCalendar(shop.SHOP_TIMEZONE, shop.BUSINESS_DAY_START);
  const shopDay = shopDaySql(shop);
  const spans = rememberedSeals(clickhouse, shopDay, 'spans', now);
  const foldsBy = { calendar, fewFacts, fewOpenFacts, leftOut, folding, now };
  const reading = folding === 'always' ? 'before' : 'behind';
  const looks = openLooks(clickhouse);
  const catalog = openCatalog(clickhouse);
  const purchases = openChangeFeed({ clickhouse, looks, table: PURCHASES });
  const feed: LiveFeed = {
    now: async () => {
      const { position, look } = await purchases.now();
      return { position, places: await catalog.places(look) };
    },
    since: purchases.since,
  };
  const products = rememberedSeals(clickhouse, shopDay, 'products', now);

  /** From folds of one kind. */
  const fromFolds = <Figures extends { newest: number }>(
    seals: RememberedSeals,
    kind: FoldKind<Figures>,
    maker: FoldMaker<HeldFold<Figures>>,
  ): FromFolds<Figures> => {
    const folds = openFolds(clickhouse, { maker, ...foldsBy });
    return openFromFolds({ clickhouse, seals, folds, kind, calendar, leftOut, folding, feed: live ? feed : undefined });
  };

  const shared = { shopDay, timeZone: calendar.timeZone };
  const fromSlots = (options: RowsOptions) => slotRows(options.name, options);
  const coverBy = (state: SealState, { scope, coarsest }: Pick<RowsOptions, 'scope' | 'coarsest'>) =>
    coverOf(scope, coarsest, calendar, state);
  const fromSpans = (state: SealState) => (options: RowsOptions) =>
    exactRows(coverBy(state, options), options, fewOpenFacts);
  const withCtes = (sets: readonly Pick<ExactRows, 'ctes'>[], sql: string, settings = ONE_SNAPSHOT) =>
    `WITH ${sets.map(({ ctes }) => ctes).join(',\n')}\n${sql}\n${settings}`;

  /** From facts where there are few, from slots where only they will do, and else from spans. */
  const answerBy = async <Row>(sets: readonly RowsOptions[], ask: AskRows<Row>): Promise<Row[]> => {
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

  return {
    calendar,
    shopDay,
    ...openFigures({
      clickhouse,
      fromFolds: fromFolds(spans, FIGURES_HELD, figuresFolds(clickhouse, calendar)),
      shared,
      withCtes,
      answerBy,
    }),
    answer,
    loyal: rememberLoyalMoments(clickhouse, { looks, fewCustomers, reading }),
    loyalInBranches: rememberLoyalInBranches(clickhouse, { looks, reading, now }),
    productNames: async () => catalog.names(await looks()),
    products: openProducts({
      clickhouse,
      calendar,
      seals: products,
      fromFolds: fromFolds(products, PRODUCTS_HELD, productsFolds(clickhouse, calendar)),
      shared,
      fewFacts,
    }),
    clickhouse,
  };
};
