import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Cover, coverOf } from './cover.ts';
import { BEGINNING, END, type Period, type ShopCalendar, shopCalendar } from './shop-calendar.ts';
import { LEVELS, type Level, QUARTER, slotsReadFrom, spanAt } from './spans.ts';

const iso = (instant: number) => new Date(instant).toISOString().slice(0, 19);
const at = (text: string) => Date.parse(`${text}Z`);
const shown = ({ spans, facts }: Cover) => [
  ...spans.map(({ level, from, to }) => `${level} ${iso(from)} ${iso(to)}`),
  ...facts.map(({ from, to }) => `facts ${iso(from)} ${iso(to)}`),
];
const utc = shopCalendar('UTC', '00:00');
const horizon = at('2026-11-20T10:15:00');
const options = { coarsest: 'year' as const, slotsFrom: slotsReadFrom(utc, horizon) };

it('the running year, month and week are put together from what is below them', () => {
  expect(shown(coverOf(utc, { from: BEGINNING, to: END }, horizon, options))).toEqual([
    'year 1970-01-01T00:00:00 2026-01-01T00:00:00',
    'month 2026-01-01T00:00:00 2026-11-01T00:00:00',
    'week 2026-11-01T00:00:00 2026-11-17T00:00:00',
    'day 2026-11-17T00:00:00 2026-11-20T00:00:00',
    'slot 2026-11-20T00:00:00 2026-11-20T10:15:00',
    'facts 2026-11-20T10:15:00 2100-01-01T00:00:00',
  ]);
});

it('slots that a border cuts, and odd parts of days without slots, come from the facts', () => {
  const period = { from: at('2026-07-30T22:40:00'), to: at('2026-11-19T00:20:00') };
  expect(shown(coverOf(utc, period, horizon, options))).toEqual([
    'day 2026-07-31T00:00:00 2026-08-01T00:00:00',
    'month 2026-08-01T00:00:00 2026-11-01T00:00:00',
    'week 2026-11-01T00:00:00 2026-11-17T00:00:00',
    'day 2026-11-17T00:00:00 2026-11-19T00:00:00',
    'slot 2026-11-19T00:00:00 2026-11-19T00:15:00',
    'facts 2026-07-30T22:30:00 2026-07-31T00:00:00',
    'facts 2026-11-19T00:15:00 2026-11-19T00:30:00',
  ]);
});

it.each([
  ['nothing', at('2026-11-19T12:00:00'), at('2026-11-19T12:00:00'), []],
  ['a period that ends before it begins', at('2026-11-19T13:00:00'), at('2026-11-19T12:00:00'), []],
  ['what lies in one slot', at('2026-11-19T12:01:00'), at('2026-11-19T12:02:00'), ['12:00 12:15']],
  ['what lies in two', at('2026-11-19T12:14:00'), at('2026-11-19T12:16:00'), ['12:00 12:30']],
  ['what lies after the horizon', at('2026-11-20T10:31:00'), at('2026-11-20T10:46:00'), ['10:30 11:00']],
])('%s', (_name, from, to, facts) => {
  const cover = coverOf(utc, { from, to }, horizon, options);
  const clock = (instant: number) => iso(instant).slice(11, 16);
  expect(cover.spans).toEqual([]);
  expect(cover.facts.map((range) => `${clock(range.from)} ${clock(range.to)}`)).toEqual(facts);
});

it('a day whose row is not taken is put together from slots', () => {
  const period = { from: at('2026-11-17T00:00:00'), to: at('2026-11-20T00:00:00') };
  const takesDay = ({ start }: { start: number }) => start !== at('2026-11-18T00:00:00');
  expect(shown(coverOf(utc, period, horizon, { ...options, coarsest: 'day', takesDay }))).toEqual([
    'day 2026-11-17T00:00:00 2026-11-18T00:00:00',
    'slot 2026-11-18T00:00:00 2026-11-19T00:00:00',
    'day 2026-11-19T00:00:00 2026-11-20T00:00:00',
  ]);
});

/** What a cover reads, in order, as far as it belongs to the period. */
const pieces = ({ spans, facts }: Cover, { from, to }: Period): Period[] =>
  [...spans, ...facts.map((range) => ({ from: Math.max(range.from, from), to: Math.min(range.to, to) }))]
    .map((piece) => ({ from: Math.max(piece.from, BEGINNING), to: piece.to }))
    .filter((piece) => piece.from < piece.to)
    .sort((a, b) => a.from - b.from);

const check = (calendar: ShopCalendar, period: Period, held: number, coarsest: Level, slotsFrom: number) => {
  const cover = coverOf(calendar, period, held, { coarsest, slotsFrom });
  // Every instant once: each piece begins where the one before it ends.
  let reached = period.from;
  for (const piece of pieces(cover, period)) {
    expect(piece.from).toBe(reached);
    reached = piece.to;
  }
  expect(reached).toBe(Math.max(period.from, period.to));
  for (const { level, from, to } of cover.spans) {
    expect(LEVELS.indexOf(level)).toBeLessThanOrEqual(LEVELS.indexOf(coarsest));
    expect(spanAt(calendar, level, from).start).toBe(from);
    expect(spanAt(calendar, level, to).start).toBe(to);
    expect(to).toBeLessThanOrEqual(held);
    if (level === 'slot') expect(from).toBeGreaterThanOrEqual(slotsFrom);
  }
  for (const { from, to } of cover.facts) expect([mod(from), mod(to)]).toEqual([0, 0]);
};
const mod = (instant: number) => ((instant % QUARTER) + QUARTER) % QUARTER;

it('covers every instant of a period exactly once, by whole spans before the horizon', () => {
  const begin = at('2010-12-20T00:00:00');
  const instant = fc.oneof(
    fc.constantFrom(BEGINNING, END),
    fc.integer({ min: 0, max: 800 * 24 * 60 }).map((minutes) => begin + minutes * 60_000),
    // Around the days that clocks change, the day that Samoa skipped and the turns of months and years.
    fc
      .tuple(
        fc.constantFrom(
          '2011-03-27',
          '2011-10-30',
          '2011-04-03',
          '2011-10-02',
          '2011-12-30',
          '2012-01-01',
          '2012-03-01',
        ),
        fc.integer({ min: -2 * 96, max: 2 * 96 }),
        fc.constantFrom(0, 0, 1, -1),
      )
      .map(([day, quarters, ms]) => Date.parse(day) + quarters * QUARTER + ms),
  );
  const zones = ['Europe/Berlin', 'UTC', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia'];
  const calendars = zones.flatMap((zone) => ['00:00', '02:30', '04:00'].map((start) => shopCalendar(zone, start)));
  fc.assert(
    fc.property(
      fc.constantFrom(...calendars),
      fc.tuple(instant, instant),
      fc.oneof(fc.constant(BEGINNING), instant),
      fc.constantFrom(...LEVELS),
      fc.constantFrom('kept', 'none', 'all'),
      (calendar, [from, to], now, coarsest, slots) => {
        const held = Math.floor(now / QUARTER) * QUARTER;
        const slotsFrom = { kept: slotsReadFrom(calendar, held), none: Number.POSITIVE_INFINITY, all: 0 }[slots] ?? 0;
        check(calendar, { from, to }, held, coarsest, slotsFrom);
      },
    ),
    { numRuns: 2_000 },
  );
});
