import type { z } from 'zod';
import { type ClickHouse, wasThrown } from './client.ts';
import { type Coarsest, coverOf, type Scope, spansIn } from './cover.ts';
import { type ExactRows, exactRows, factRows, type RowsOptions, slotRows } from './exact-rows.ts';
import { ONE_SNAPSHOT, ONE_THREAD } from './facts.ts';
import { type Folded, openFolds } from './folds.ts';
import { type ProductRows, productRowsOfFacts, productRowsOfSeals } from './product-rows.ts';
import { type RememberedSeals, rememberedSeals } from './remembered-seals.ts';
import type { SealState } from './seal-state.ts';
import type { Fold } from './sealed-rows.ts';
import { type ShopCalendar, shopCalendar } from './shop-calendar.ts';
import { type ShopClock, shopDaySql } from './shop-day.ts';

/** A question about the figures of one or more scopes, asked of one moment of the database. */
export interface Question<Row> {
  /** Name in ClickHouse's log. */
  name: string;
  /** What it is about: each becomes a set of rows under its key, to be used as a table in `sql`. */
  scopes: Record<string, Scope>;
  coarsest: Coarsest;
  /** Whether it tells hours apart, by `hour` and `slot`. Default false. */
  byHour?: boolean;
  /** Whether it tells weekdays apart by `day`, too; only with `byHour`. Default false. */
  byWeekday?: boolean;
  /** Whether it tells branches apart. Default false. */
  byBranch?: boolean;
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

/** A question about who bought what; see {@link productRowsOfFacts} for the columns of its rows. */
export interface ProductQuestion<Row> {
  name: string;
  scope: Scope;
  /** A SELECT without settings over those rows. */
  sql: (rows: string) => string;
  row: z.ZodType<Row>;
  signal?: AbortSignal;
}

/** The figures of the shop, exact at any moment. */
export interface Gold {
  calendar: ShopCalendar;
  /** SQL for the business day of a column `slot`. */
  shopDay: string;
  /** Answers in one statement, so that all figures are of one moment. */
  answer<Row>(question: Question<Row>): Promise<Row[]>;
  /** The same for products by month and country, with their customers. */
  answerProducts<Row>(question: ProductQuestion<Row>): Promise<Row[]>;
  /** For what is asked of other tables than those of purchases, beside a question. */
  clickhouse: Pick<ClickHouse, 'row' | 'rows'>;
}

const ATTEMPTS = 3;
/** Up to this many facts are read as they are; see {@link factRows}. Beside sealed spans twice as many: two threads read them. */
const FEW_FACTS = 200_000;
const FEW_OPEN_FACTS = 2 * FEW_FACTS;

export interface GoldOptions {
  /** Facts in a scope up to which its question reads them as they are; 0 asks the seals always. Default 200,000. */
  fewFacts?: number;
  /** The same of the facts of its open days, beside sealed ones; 0 asks sealed slots always. Default 400,000. */
  fewOpenFacts?: number;
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
    folding = 'again',
    now = () => performance.now(),
  }: GoldOptions = {},
): Gold => {
  const calendar = shopCalendar(shop.SHOP_TIMEZONE, shop.BUSINESS_DAY_START);
  const shopDay = shopDaySql(shop);
  const spans = rememberedSeals(clickhouse, shopDay, 'spans', now);
  const products = rememberedSeals(clickhouse, shopDay, 'products', now);
  const folds = openFolds(clickhouse, { calendar, fewFacts: fewOpenFacts, folding, now });

  const rowsOptions = <Row>({
    scopes,
    coarsest,
    byHour = false,
    byWeekday = false,
    byBranch = false,
  }: Question<Row>): RowsOptions[] => {
    const shared = { coarsest, byHour, byWeekday, byBranch, shopDay, timeZone: calendar.timeZone };
    return Object.entries(scopes).map(([name, scope]) => ({ name, scope, ...shared }));
  };

  const ask = async <Row>(
    question: Question<Row>,
    rowsOf: (options: RowsOptions) => ExactRows,
    settings = ONE_SNAPSHOT,
  ): Promise<Row[]> => {
    const sets = rowsOptions(question).map(rowsOf);
    const sql = typeof question.sql === 'string' ? question.sql : question.sql(sets.every(({ inTwo }) => inTwo));
    return clickhouse.rows({
      name: question.name,
      sql: `WITH ${sets.map((set) => set.ctes).join(',\n')}\n${sql}\n${settings}`,
      params: Object.assign({}, question.params, ...sets.map((set) => set.params)),
      row: question.row,
      timeoutSeconds: question.timeoutSeconds,
      signal: question.signal,
    });
  };

  const fromSlots = (options: RowsOptions) => slotRows(options.name, options);
  const coverBy = (state: SealState, { scope, coarsest }: Pick<RowsOptions, 'scope' | 'coarsest'>) =>
    coverOf(scope, coarsest, calendar, state);

  /** From sealed spans, or from folds of them; those it uses come to stand in `used`. One that met a broken fold does without. */
  const fromSeals = async <Row>(question: Question<Row>, state: SealState, used: Fold[]): Promise<Row[]> => {
    // Only a question that adds up whole years tells no spans apart.
    const toFold = question.coarsest === 'year' ? rowsOptions(question) : [];
    const folded = new Map<string, Folded>();
    if (used.length === 0) {
      for (const options of toFold) {
        const found = await folds.find(options, state);
        if (found !== undefined) folded.set(options.name, found);
      }
    }
    used.push(...[...folded.values()].map(({ fold }) => fold));
    const rows = await ask(question, (options) => {
      const { cover, fold } = folded.get(options.name) ?? { cover: coverBy(state, options), fold: undefined };
      return exactRows(cover, options, fewOpenFacts, fold);
    });
    for (const options of toFold) folds.asked(options, state);
    return rows;
  };

  const answer = async <Row>(question: Question<Row>): Promise<Row[]> => {
    const state = await spans.known();
    const scopes = Object.values(question.scopes);
    if (scopes.every((scope) => factsIn(scope, calendar, state) <= fewFacts)) {
      return ask(question, factRows, `${ONE_SNAPSHOT}, ${ONE_THREAD}`);
    }
    if (question.coarsest === 'slot') return ask(question, fromSlots);
    const used: Fold[] = [];
    return fromGuess(
      spans,
      state,
      (guess) => scopes.every((scope) => spansIn(coverBy(guess, { ...question, scope })) > 0),
      (guess) => {
        for (const fold of used) folds.forget(fold);
        return fromSeals(question, guess, used);
      },
      () => ask(question, fromSlots),
    );
  };

  const answerProducts = async <Row>({ name, scope, sql, row, signal }: ProductQuestion<Row>): Promise<Row[]> => {
    const asked = ({ sql: rows, params }: ProductRows, settings = ONE_SNAPSHOT) =>
      clickhouse.rows({ name, sql: `${sql(rows)}\n${settings}`, params, row, signal });
    const fromFacts = (settings?: string) => asked(productRowsOfFacts(scope, shopDay), settings);
    const state = await products.known();
    if (factsIn(scope, calendar, state) <= fewFacts) return fromFacts(`${ONE_SNAPSHOT}, ${ONE_THREAD}`);
    const byMonth = (guess: SealState) => coverBy(guess, { scope, coarsest: 'month' });
    return fromGuess(
      products,
      state,
      (guess) => spansIn(byMonth(guess)) > 0,
      (guess) => asked(productRowsOfSeals(scope, byMonth(guess), guess, shopDay)),
      () => fromFacts(),
    );
  };

  return { calendar, shopDay, answer, answerProducts, clickhouse };
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
