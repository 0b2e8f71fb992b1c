import { ClickHouseError } from '@clickhouse/client';
import type { z } from 'zod';
import type { ClickHouse } from './client.ts';
import { type Coarsest, coverOf, type Scope } from './cover.ts';
import { exactRows } from './exact-rows.ts';
import { ONE_SNAPSHOT } from './facts.ts';
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

/** How long a remembered state of the seals may serve (ms). Its age costs time only: each answer checks it. */
const REMEMBER_MS = 5_000;
const ATTEMPTS = 3;
/** ClickHouse's code for `throwIf`. */
const THROWN_IN_QUERY = '395';

/** Opens the figures on a connection; the shop's clock decides where days begin. */
export const openGold = (clickhouse: ClickHouse, shop: ShopClock): Gold => {
  const calendar = shopCalendar(shop.SHOP_TIMEZONE, shop.BUSINESS_DAY_START);
  const shopDay = shopDaySql(shop);
  let remembered: { state: Promise<SealState>; at: number } | undefined;

  const sealState = (maxAgeMs: number): Promise<SealState> => {
    if (remembered === undefined || performance.now() - remembered.at > maxAgeMs) {
      const reading = { state: readSealState(clickhouse, shopDay), at: performance.now() };
      // A failure is for those who wait for it now; the next one asks again.
      reading.state.catch(() => {
        if (remembered === reading) remembered = undefined;
      });
      remembered = reading;
    }
    return remembered.state;
  };

  const ask = async <Row>(question: Question<Row>, coarsest: Coarsest, state: SealState): Promise<Row[]> => {
    const sets = Object.entries(question.scopes).map(([name, scope]) =>
      exactRows(name, coverOf(scope, coarsest, calendar, state), shopDay, scope.branch),
    );
    return clickhouse.rows({
      name: question.name,
      sql: `WITH ${sets.map((set) => set.ctes).join(',\n')}\n${question.sql}\n${ONE_SNAPSHOT}`,
      params: Object.assign({}, question.params, ...sets.map((set) => set.params)),
      row: question.row,
      timeoutSeconds: question.timeoutSeconds,
      signal: question.signal,
    });
  };

  const answer = async <Row>(question: Question<Row>): Promise<Row[]> => {
    if (question.coarsest === 'slot') return ask(question, 'slot', NOTHING_KNOWN);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const state = await sealState(attempt === 0 ? REMEMBER_MS : 0);
      try {
        return await ask(question, question.coarsest, state);
      } catch (error) {
        if (!(error instanceof ClickHouseError && error.code === THROWN_IN_QUERY)) throw error;
      }
    }
    // Seals break faster than we look, as in a replay of everything: slots need no guess.
    return ask(question, 'slot', NOTHING_KNOWN);
  };

  return { calendar, shopDay, answer };
};

const NOTHING_KNOWN: SealState = { openDays: new Set(), openMonths: new Set() };
