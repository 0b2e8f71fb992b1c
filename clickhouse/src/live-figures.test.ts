import { expect, test } from 'vitest';
import type { Arrived } from './arrived-purchases.ts';
import { shopCalendar } from './calendar/shop-calendar.ts';
import { coverOf, type Scope } from './cover.ts';
import { NO_FOLD } from './fold.ts';
import { FIGURES_HELD, type FiguresFold } from './folded-figures.ts';
import type { Changed } from './known-blocks.ts';
import { openLiveFigures } from './live-figures.ts';
import { periodOptions } from './testing/rows-options.ts';

const calendar = shopCalendar('UTC', '00:00');
const DAY = 86_400_000;
const TODAY = Date.UTC(2025, 5, 10);
const scope = { from: TODAY - 30 * DAY, to: TODAY + DAY };
const options = periodOptions(scope);

const sale = (purchase: string, sold: number, given: Partial<Arrived> = {}): Arrived => ({
  ...{ key: purchase, branch_id: 'SMKT001', version: 1, counts: true, slot: sold, recorded: sold, sold },
  ...{ total_minor: 99, units: 1, customer_number: 7, basket: [['bread', 1, 99]], content: '' },
  ...{ partition: '2025', part: '2025_1_1_0', block: 1 },
  ...given,
});

/** All days but today are sealed. */
const coverFor = (of: Scope) =>
  coverOf(of, 'day', calendar, {
    days: { first: TODAY / DAY - 20, last: TODAY / DAY },
    openDays: new Set([TODAY / DAY]),
    ...{ openWeeks: new Set(), openMonths: new Set(), openYears: new Set(), facts: new Map(), hashes: new Map() },
    seals: '',
  });

/** Three sales of today, of three customers, are known at the beginning. */
const followed = (changes: readonly Changed<Arrived>[], of = options) => {
  const known = [1, 2, 3].map((customer_number) => sale(`known ${customer_number}`, TODAY, { customer_number }));
  const fold: FiguresFold = { ...NO_FOLD, rows: 1, figures: new Map() };
  const cover = coverFor(of.scope);
  const live = openLiveFigures(
    { since: (from) => (from === 1 ? changes.map((change) => ({ position: 2, ...change })) : []) },
    FIGURES_HELD,
    calendar,
  );
  const moment = { position: 1, places: { countries: new Map(), hash: '' } };
  const facts = known.map((one) => ({
    ...one,
    purchase: one.key,
    start: 0,
    hour: -1,
    weekday: 0,
    country: '',
    hash: 0n,
    beside: [],
  }));
  live.keep({ options: of, fold }, FIGURES_HELD.ofFacts(facts, of), moment);
  const answer = () => live.at([{ options: of, cover, fold }], { ...moment, position: 2 });
  return { answer, purchases: () => answer()?.figures[0]?.values().next().value?.purchases };
};

test('a sale is added once, also when it is asked for twice', () => {
  const { purchases, answer } = followed([{ before: undefined, after: sale('new', TODAY + 1) }]);
  expect([purchases(), purchases()]).toEqual([4, 4]);
  expect(answer()?.changes).toBe(1);
});

test('what came and became void since the last answer is nothing', () => {
  const [came, gone] = [sale('new', TODAY + 1), sale('new', TODAY + 1, { version: 2, counts: false })];
  const { purchases } = followed([
    { before: undefined, after: came },
    { before: came, after: gone },
  ]);
  expect(purchases()).toBe(3);
});

test('a void is taken off, but not off a day that is sealed: who bought nothing else there is not known', () => {
  const voided = (before: Arrived) => ({ before, after: { ...before, version: 2, counts: false } });
  const newest = { before: undefined, after: sale('new', TODAY + 1) };
  expect(followed([newest, voided(sale('known 1', TODAY, { customer_number: 1 }))]).purchases()).toBe(3);
  expect(followed([newest, voided(sale('sealed', TODAY - DAY))]).answer()).toBeUndefined();
});

test('of another branch, or outside of the period, it changes nothing', () => {
  const elsewhere = { before: undefined, after: sale('new', TODAY + 1, { branch_id: 'SMKT002' }) };
  const later = { before: undefined, after: sale('later', TODAY + DAY) };
  expect(followed([later]).purchases()).toBe(3);
  expect(followed([elsewhere], periodOptions({ ...scope, branch: 'SMKT001' })).purchases()).toBe(3);
});

test('another scope of the same fold is not answered with its figures', () => {
  const { answer } = followed([]);
  expect(answer()).toBeDefined();
  const live = openLiveFigures({ since: () => [] }, FIGURES_HELD, calendar);
  const fold: FiguresFold = { ...NO_FOLD, figures: new Map() };
  const moment = { position: 1, places: { countries: new Map(), hash: '' } };
  live.keep({ options, fold }, new Map(), moment);
  const other = periodOptions({ ...scope, to: scope.to + 1 });
  const cover = coverFor(other.scope);
  expect(live.at([{ options: other, cover, fold }], moment)).toBeUndefined();
});

test('when the branches are elsewhere, or the changes are not known any more, nothing is known', () => {
  const fold: FiguresFold = { ...NO_FOLD, figures: new Map() };
  const cover = coverFor(scope);
  const moment = { position: 1, places: { countries: new Map(), hash: 'a' } };
  const at = (since: () => [] | undefined, hash: string) => {
    const live = openLiveFigures({ since }, FIGURES_HELD, calendar);
    live.keep({ options, fold }, new Map(), moment);
    return live.at([{ options, cover, fold }], { ...moment, places: { ...moment.places, hash } });
  };
  expect(at(() => [], 'a')).toBeDefined();
  expect(at(() => [], 'b')).toBeUndefined();
  expect(at(() => undefined, 'a')).toBeUndefined();
});
