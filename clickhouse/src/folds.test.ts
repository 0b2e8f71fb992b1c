import { ClickHouseError } from '@clickhouse/client';
import { expect, test } from 'vitest';
import { shopCalendar } from './calendar/shop-calendar.ts';
import type { ClickHouse, NamedQuery } from './client.ts';
import { coverOf, type Scope } from './cover.ts';
import { type Fold, NO_FOLD } from './fold.ts';
import { openFolds } from './folds.ts';
import type { SealState } from './seal-state.ts';
import { periodOptions } from './testing/rows-options.ts';

const calendar = shopCalendar('UTC', '00:00');
const FIRST = Date.UTC(2025, 0, 1) / 86_400_000;
/** Ten days of ten facts each; the last one is open. */
const state = (facts = 10, open: number[] = []): SealState => ({
  days: { first: FIRST, last: FIRST + 9 },
  openDays: new Set([FIRST + 9, ...open]),
  openWeeks: new Set(),
  openMonths: new Set([FIRST]),
  openYears: new Set([FIRST]),
  facts: new Map(Array.from({ length: 10 }, (_, index) => [FIRST + index, facts])),
  hashes: new Map(),
  seals: '',
});
const options = (scope: Scope = { from: 0, to: Date.UTC(2100, 0, 1) }) => periodOptions(scope);

interface Opened {
  fewFacts?: number;
  /** Three times as many facts of open days are worth a running fold; the ten of one day are not. */
  leftOut?: number;
  bytes?: number;
  fails?: Error;
}

const opened = ({ fewFacts = 100, leftOut = 4, bytes = 0, fails }: Opened = {}) => {
  const made: string[] = [];
  let clock = 0;
  const clickhouse = {
    row: async <Row>({ row }: NamedQuery<Row>) => row.parse({ until: 5_000, facts: 6 }),
  } as unknown as ClickHouse;
  const make = async (what: string, id: string): Promise<Fold> => {
    made.push(what);
    if (fails !== undefined) throw fails;
    return { id, rows: 1, count: '90', hash: '18446744073709551615', recorded: 0, bytes };
  };
  const folds = openFolds(clickhouse, {
    calendar,
    maker: {
      cover: ({ scope, coarsest }, of) => coverOf(scope, coarsest, calendar, of),
      ofSpans: (_cover, _options, { id }) => make('spans', id),
      running: (_cover, _options, { id }) => make('running', id),
      nothing: NO_FOLD,
    },
    fewFacts: 0,
    fewOpenFacts: fewFacts,
    leftOut: { facts: leftOut, ms: 0 },
    folding: 'again',
    now: () => clock,
  });
  return {
    made,
    find: (of: SealState, asked = options()) => folds.find(asked, of),
    renew: folds.renew,
    forget: ({ id }: Fold) => folds.forget(id),
    ask: async (of: SealState, asked = options()) => {
      folds.asked(asked, of);
      await new Promise((resolve) => setTimeout(resolve));
    },
    pass: (ms: number) => {
      clock += ms;
    },
  };
};

test('what is asked a second time within some minutes is folded, and what is folded is not folded again', async () => {
  const { ask, made, find, pass } = opened();
  await ask(state());
  pass(6 * 60_000);
  await ask(state());
  expect(made).toHaveLength(0);
  for (let i = 0; i < 2; i++) {
    await ask(state());
    expect(made).toEqual(['spans', 'running']);
  }
  expect((await find(state()))?.fold).toMatchObject({ rows: 1, count: '90', hash: '18446744073709551615' });
});

test('where nothing is open a fold of the spans will do', async () => {
  const { ask, made, find } = opened();
  const scope = options({ from: 0, to: (FIRST + 9) * 86_400_000 });
  for (let i = 0; i < 2; i++) await ask(state(), scope);
  expect(made).toEqual(['spans']);
  expect(await find(state(), scope)).toMatchObject({ fold: { rows: 1 }, cover: { openDays: [] } });
});

test('a fold is of no use once its facts are known to be fewer, or far more, or when it is old', async () => {
  const { ask, find, pass } = opened();
  const scope = options({ from: 0, to: (FIRST + 9) * 86_400_000 });
  const fold = async () => {
    pass(60_000);
    for (let i = 0; i < 2; i++) await ask(state(), scope);
    expect(await find(state(), scope)).toBeDefined();
  };
  await fold();
  expect(await find(state(10_000), scope)).toBeUndefined();
  expect(await find(state(), scope)).toBeDefined();
  expect(await find(state(9), scope)).toBeUndefined();
  // Fewer there never are again: it was forgotten for good.
  expect(await find(state(), scope)).toBeUndefined();
  await fold();
  pass(12 * 3_600_000);
  expect(await find(state(), scope)).toBeUndefined();
});

test('a fold that sales came late to still answers, and is made anew only when they are many', async () => {
  const { ask, find, made, pass } = opened();
  await ask(state());
  await ask(state());
  // The day that they came to is open until it is sealed again: the fold has it all the same.
  for (const later of [state(11), state(11, [FIRST + 3])]) {
    expect((await find(later))?.cover.openDays).toEqual([FIRST + 9]);
    pass(60_000);
    await ask(later);
    expect(made.filter((what) => what === 'spans')).toHaveLength(1);
  }
  await ask(state(2_000));
  expect(made.filter((what) => what === 'spans')).toHaveLength(2);
});

test('a fold that lacks a day sealed since answers with that day open, unless that is too much to read', async () => {
  const before = state(10, [FIRST + 8]);
  const { ask, find, made, pass } = opened();
  await ask(before);
  await ask(before);
  expect((await find(state()))?.cover.openDays).toEqual([FIRST + 8, FIRST + 9]);
  // The running fold has that day: to fold the spans again would spare no answer anything.
  pass(60_000);
  await ask(state());
  expect(made).toEqual(['spans', 'running']);
  const few = opened({ fewFacts: 19 });
  await few.ask(before);
  await few.ask(before);
  expect(few.made).toEqual(['spans']);
  expect(await few.find(state())).toBeUndefined();
});

test('a fold of another branch, or of what tells more apart, is not taken', async () => {
  const { ask, find } = opened();
  await ask(state());
  await ask(state());
  expect(await find(state(), { ...options(), byHour: true })).toBeUndefined();
  expect(await find(state(), options({ ...options().scope, branch: 'SMKT001' }))).toBeUndefined();
});

test('what is open beside the spans is folded, too, and again when three times as much has come as is left out', async () => {
  const { ask, find, made, pass } = opened({ leftOut: 3 });
  await ask(state());
  await ask(state());
  expect(await find(state())).toMatchObject({ fold: { running: 5_000 }, cover: { openDays: [FIRST + 9] } });
  pass(10_000);
  await ask(state());
  expect(made).toEqual(['spans', 'running']);
  const more = { ...state(), facts: new Map([...state().facts, [FIRST + 9, 16]]) };
  expect((await find(more))?.fold.running).toBe(5_000);
  await ask(more);
  expect(made).toEqual(['spans', 'running', 'running']);
});

test('a running fold is of one scope; when it is broken another one is made of the same spans, soon', async () => {
  const { ask, find, forget, made, pass } = opened();
  for (let i = 0; i < 2; i++) {
    await ask(state());
    pass(500);
  }
  expect(made).toEqual(['spans', 'running']);
  expect(await find(state(), options({ from: 0, to: Date.UTC(2100, 0, 1) - 1 }))).toBeUndefined();
  const found = await find(state());
  expect(found?.fold).toMatchObject({ running: 5_000, of: expect.any(String) });
  if (found === undefined) throw new Error('no fold');
  forget(found.fold);
  expect(await find(state())).toBeUndefined();
  await ask(state());
  expect(made).toHaveLength(2);
  pass(2_000);
  await ask(state());
  expect(made).toEqual(['spans', 'running', 'running']);
});

test('a running fold that has grown takes the place of the one before, and gets no younger', async () => {
  const { ask, find, renew, pass } = opened();
  for (let i = 0; i < 3; i++) {
    await ask(state());
    pass(1_000);
  }
  const found = await find(state());
  if (found === undefined) throw new Error('no fold');
  pass(6 * 3_600_000);
  renew(options(), { ...found, fold: { ...found.fold, count: '95', running: 9_000 } });
  expect((await find(state()))?.fold).toMatchObject({ count: '95', running: 9_000 });
  pass(6 * 3_600_000);
  expect(await find(state())).toBeUndefined();
});

test('folds take only so much memory: the ones that were not used for the longest time are forgotten', async () => {
  const { ask, find } = opened({ bytes: 30 * 1024 * 1024 });
  const branches = ['SMKT001', 'SMKT002', 'SMKT003'].map((branch) => options({ ...options().scope, branch }));
  for (const branch of branches) for (let i = 0; i < 2; i++) await ask(state(), branch);
  expect(await Promise.all(branches.map(async (branch) => (await find(state(), branch)) !== undefined))).toEqual([
    false,
    true,
    true,
  ]);
});

test('a scope with hardly any facts needs no fold', async () => {
  const { find } = opened();
  const before = options({ from: 0, to: Date.UTC(2024, 0, 1) });
  expect(await find(state(), before)).toMatchObject({ fold: { rows: 0, count: '0', running: 0 } });
  expect(await find(state())).toBeUndefined();
});

test('a fold of spans that was found broken is forgotten, and the next one is made soon, but not at once', async () => {
  const { ask, find, forget, made, pass } = opened();
  const scope = options({ from: 0, to: (FIRST + 9) * 86_400_000 });
  for (let i = 0; i < 2; i++) await ask(state(), scope);
  const found = await find(state(), scope);
  if (found === undefined) throw new Error('no fold');
  forget(found.fold);
  expect(await find(state(), scope)).toBeUndefined();
  await ask(state(), scope);
  expect(made).toHaveLength(1);
  pass(10_000);
  await ask(state(), scope);
  expect(made).toHaveLength(2);
});

test('after a fold that failed there is a rest', async () => {
  const { ask, find, made, pass } = opened({ fails: new Error('refused') });
  for (let i = 0; i < 5; i++) await ask(state());
  expect(made).toHaveLength(1);
  expect(await find(state())).toBeUndefined();
  pass(30_000);
  await ask(state());
  expect(made).toHaveLength(2);
});

test('one that found a seal broken is tried again soon', async () => {
  const fails = new ClickHouseError({
    message: 'a seal was broken',
    code: '395',
    type: 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO',
  });
  const { ask, made, pass } = opened({ fails });
  for (let i = 0; i < 5; i++) await ask(state());
  expect(made).toHaveLength(1);
  pass(1_000);
  await ask(state());
  expect(made).toHaveLength(2);
});

test('only so many are remembered: the ones that were not used for the longest time are forgotten', async () => {
  const { ask, find, pass } = opened();
  const branch = (index: number) => options({ ...options().scope, branch: `SMKT${index}` });
  for (let index = 0; index < 65; index++) {
    await ask(state(), branch(index));
    pass(1_000);
    await ask(state(), branch(index));
    await find(state(), branch(0));
  }
  expect(await find(state(), branch(0))).toBeDefined();
  expect(await find(state(), branch(1))).toBeUndefined();
  expect(await find(state(), branch(64))).toBeDefined();
});
