import { ClickHouseError } from '@clickhouse/client';
import type { z } from 'zod';
import type { ClickHouse } from './client.ts';
import { type Coarsest, coverOf, type Scope } from './cover.ts';
import { type ExactRows, exactRows, factRows } from './exact-rows.ts';
import { ONE_SNAPSHOT, ONE_THREAD } from './facts.ts';
import { readSealState, type SealState } from './seal-state.ts';
import { type ShopCalendar, shopCalendar } from './shop-calendar.ts';
import { type ShopClock, shopDaySql } from './shop-day.ts';

/** A question about the figures of one or more scopes, asked of one moment of the database. */
export interface Question<Row> {
  /** Name in ClickHouse's log. */
  name: string;
  /** What it is about: each becomes a set of rows under its key, to be used as a table in `sql`. */
  scopes: Record<string, Scope>;
  coarsest: Coarsest;
  /** A SELECT without settings over the rows of its scopes: see {@link exactRows} for their columns. */
  sql: string;
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
  /** Answers in one statement, so that all figures are of one moment. */
  answer<Row>(question: Question<Row>): Promise<Row[]>;
}

/** After this long (ms) a remembered state of the seals is read anew. Its age costs time only: each answer checks it. */
const REMEMBER_MS = 5_000;
const ATTEMPTS = 3;
/** Up to this many facts are read as they are; see {@link factRows}. */
const FEW_FACTS = 100_000;

export interface GoldOptions {
  /** Facts in a scope up to which its question reads them as they are; 0 asks the seals always. Default 100,000. */
  fewFacts?: number;
}
/** ClickHouse's code for `throwIf`. */
const THROWN_IN_QUERY = '395';

/** Opens the figures on a connection; the shop's clock decides where days begin. */
export const openGold = (clickhouse: ClickHouse, shop: ShopClock, { fewFacts = FEW_FACTS }: GoldOptions = {}): Gold => {
  const calendar = shopCalendar(shop.SHOP_TIMEZONE, shop.BUSINESS_DAY_START);
  const shopDay = shopDaySql(shop);
  let known: { state: SealState; at: number } | undefined;
  let reading: Promise<SealState> | undefined;

  const readState = (): Promise<SealState> => {
    reading ??= readSealState(clickhouse, shopDay)
      .then((state) => {
        known = { state, at: performance.now() };
        return state;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };

  /** What is known, refreshed behind the back of those who ask: nobody waits but the first. */
  const rememberedState = async (): Promise<SealState> => {
    if (known === undefined) return readState();
    // A failed refresh leaves what is known; the next question tries again.
    if (performance.now() - known.at > REMEMBER_MS) readState().catch(() => undefined);
    return known.state;
  };

  const ask = async <Row>(
    question: Question<Row>,
    rowsOf: (name: string, scope: Scope) => ExactRows,
    settings = ONE_SNAPSHOT,
  ): Promise<Row[]> => {
    const sets = Object.entries(question.scopes).map(([name, scope]) => rowsOf(name, scope));
    return clickhouse.rows({
      name: question.name,
      sql: `WITH ${sets.map((set) => set.ctes).join(',\n')}\n${question.sql}\n${settings}`,
      params: Object.assign({}, question.params, ...sets.map((set) => set.params)),
      row: question.row,
      timeoutSeconds: question.timeoutSeconds,
      signal: question.signal,
    });
  };

  const sealedRows = (coarsest: Coarsest, state: SealState) => (name: string, scope: Scope) =>
    exactRows(name, coverOf(scope, coarsest, calendar, state), shopDay, scope.branch);

  const answer = async <Row>(question: Question<Row>): Promise<Row[]> => {
    let state = await rememberedState();
    const scopes = Object.values(question.scopes);
    if (scopes.every((scope) => factsIn(scope, calendar, state) <= fewFacts)) {
      const rows = (name: string, scope: Scope) => factRows(name, scope, question.coarsest, shopDay);
      return ask(question, rows, `${ONE_SNAPSHOT}, ${ONE_THREAD}`);
    }
    if (question.coarsest === 'slot') return ask(question, sealedRows('slot', state));
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) state = await readState();
      try {
        return await ask(question, sealedRows(question.coarsest, state));
      } catch (error) {
        if (!(error instanceof ClickHouseError && error.code === THROWN_IN_QUERY)) throw error;
      }
    }
    // Seals break faster than we look, as in a replay of everything: slots need no guess.
    return ask(question, sealedRows('slot', state));
  };

  return { calendar, shopDay, answer };
};

/** About how many facts a scope has: those of its days, of all branches. */
const factsIn = ({ from, to }: Scope, calendar: ShopCalendar, { facts }: SealState): number => {
  const [first, last] = [calendar.dayOf(from), calendar.dayOf(Math.max(from, to - 1))];
  let sum = 0;
  for (const [day, rows] of facts) if (day >= first && day <= last) sum += rows;
  return sum;
};
