import type { ClickHouse } from '@tillstream/clickhouse/client';
import { type Gold, openGold } from '@tillstream/clickhouse/gold';
import {
  countLoyalByBranch,
  countLoyalCustomers,
  readLoyalCustomers,
} from '@tillstream/clickhouse/questions/loyal-customers';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { engineOfThisFile, SHOP } from './engine.ts';

const engine = engineOfThisFile();
const DAY = 86_400_000;
const BEGIN = Date.UTC(2025, 9, 1);
const END = Date.UTC(2025, 10, 1);
const BRANCHES = ['SMKT001', 'SMKT002', 'SMKT003'];
const TABLE = 'silver.customer_branches';

/** What was asked of ClickHouse, by name. */
let asked: string[] = [];

/** What happens once right before a branch is read, and right after. */
let aroundReading: { before: () => Promise<unknown>; after: () => Promise<unknown> } | undefined;

const opened = (folding: 'always' | 'again' = 'always') => {
  const { clickhouse } = engine();
  const rows: ClickHouse['rows'] = async (query) => {
    asked.push(query.name);
    const around = query.name === 'loyal_of_branch' ? aroundReading : undefined;
    if (around === undefined) return clickhouse.rows(query);
    aroundReading = undefined;
    await around.before();
    const answer = await clickhouse.rows(query);
    await around.after();
    return answer;
  };
  const row: ClickHouse['row'] = (query) => {
    asked.push(query.name);
    return clickhouse.row(query);
  };
  return openGold({ ...clickhouse, rows, row }, SHOP, { folding });
};

type Row = { branch: string; customer: number; revision: number; day: number | null };

/** One insert, one block: moments are days after the beginning, and a millisecond. */
const insert = (rows: readonly Row[]) =>
  engine().clickhouse.insert(
    TABLE,
    rows.map(({ branch, customer, revision, day }) => ({
      branch_id: branch,
      customer_id: `00000000-0000-4000-8000-${String(customer).padStart(12, '0')}`,
      number: customer,
      revision,
      // All that such a customer bought is void.
      purchases: day === null ? 0 : 3,
      spent_minor: 100,
      loyal_since: day === null ? null : new Date(BEGIN + day * DAY + 1).toISOString().slice(0, 23),
      first_sold_at: null,
      last_sold_at: null,
    })),
  );

const dropPart = async () => {
  const [part] = await engine().clickhouse.rows({
    name: 'parts',
    sql: "SELECT name FROM system.parts WHERE active AND database = 'silver' AND table = 'customer_branches' ORDER BY name LIMIT 1",
    row: z.object({ name: z.string() }),
  });
  if (part !== undefined) await engine().clickhouse.command(`ALTER TABLE ${TABLE} DROP PART '${part.name}'`);
};

const truth = async (to: number): Promise<Map<string, number>> => {
  const rows = await engine().clickhouse.rows({
    name: 'truth',
    sql: `SELECT branch_id, countIf(loyal_since < fromUnixTimestamp64Milli({to:Int64}, 'UTC')) AS count FROM gold.customer_branches GROUP BY branch_id`,
    params: { to },
    row: z.object({ branch_id: z.string(), count: z.int() }),
  });
  return new Map(rows.map(({ branch_id, count }) => [branch_id, count]));
};

const scopeOf = (branch: string, to = END) => ({ from: BEGIN, to, branch });

const agrees = async (gold: Gold) => {
  // Within a quarter of an hour it is not remembered who came first.
  for (const to of [BEGIN, BEGIN + 10 * DAY, BEGIN + 3 * DAY + 2, END]) {
    const [loyal, all] = [await truth(to), await countLoyalByBranch(gold, scopeOf('', to))];
    for (const branch of BRANCHES) {
      expect(await countLoyalCustomers(gold, scopeOf(branch, to))).toBe(loyal.get(branch) ?? 0);
      expect(all.get(branch) ?? 0).toBe(loyal.get(branch) ?? 0);
    }
  }
  const days = await readLoyalCustomers(gold, scopeOf('SMKT002'));
  expect(days.at(-1)?.loyal_customers).toBe((await truth(END)).get('SMKT002') ?? 0);
  expect(days[4]?.loyal_customers).toBe((await truth(Date.parse(days[5]?.start ?? ''))).get('SMKT002') ?? 0);
};

const rows = fc.array(
  fc.record({
    branch: fc.constantFrom(...BRANCHES),
    customer: fc.integer({ min: 1, max: 6 }),
    revision: fc.integer({ min: 1, max: 9 }),
    day: fc.option(fc.integer({ min: 0, max: 29 })),
  }),
  { minLength: 1, maxLength: 6 },
);
const step = fc.oneof(
  { weight: 6, arbitrary: rows.map((rows) => ({ do: 'insert' as const, rows })) },
  { weight: 4, arbitrary: fc.constant({ do: 'ask' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('read anew meanwhile' as const),
      rows: fc.tuple(rows, rows),
      merge: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: `OPTIMIZE TABLE ${TABLE} FINAL` as const }) },
  { weight: 1, arbitrary: fc.constant({ do: `OPTIMIZE TABLE ${TABLE}` as const }) },
  { weight: 1, arbitrary: fc.constant({ do: `TRUNCATE TABLE ${TABLE}` as const }) },
  {
    weight: 1,
    arbitrary: fc.constant({
      do: `ALTER TABLE ${TABLE} UPDATE loyal_since = NULL WHERE number % 3 = 0 SETTINGS mutations_sync = 1` as const,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'EXCHANGE' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'drop a part' as const }) },
);

/** Of a customer a first row came before the branch was read, and the same once more after it: one change tells both. */
const READ_IN_BETWEEN = [
  { do: 'insert' as const, rows: [{ branch: 'SMKT001', customer: 1, revision: 1, day: null }] },
  { do: 'ask' as const },
  {
    do: 'read anew meanwhile' as const,
    rows: [
      [{ branch: 'SMKT001', customer: 3, revision: 1, day: 0 }],
      [{ branch: 'SMKT001', customer: 3, revision: 1, day: 0 }],
    ] as [Row[], Row[]],
    merge: false,
  },
  { do: 'ask' as const },
];

test('loyal customers of branches are those of the table, whatever happens to it', { timeout: 300_000 }, async () => {
  const { clickhouse } = engine();
  await clickhouse.command(`CREATE TABLE silver.others AS ${TABLE}`);
  let fromMemory = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      await clickhouse.command(`TRUNCATE TABLE ${TABLE}`);
      let gold = opened();
      // The same revision of a customer says the same, whenever it comes.
      const said = new Map<string, number | null>();
      const come = (rows: readonly Row[]) =>
        insert(
          rows.map((row): Row => {
            const key = `${row.branch} ${row.customer} ${row.revision}`;
            said.set(key, said.has(key) ? (said.get(key) ?? null) : row.day);
            return { ...row, day: said.get(key) ?? null };
          }),
        );
      for (const now of steps) {
        if (now.do === 'insert') await come(now.rows);
        else if (now.do === 'ask') {
          await agrees(gold);
          asked = [];
          await countLoyalByBranch(gold, scopeOf(''));
          if (!asked.includes('loyal_customers_by_branch')) fromMemory += 1;
        } else if (now.do === 'read anew meanwhile') {
          gold = opened();
          const [first, second] = now.rows;
          const optimize = async () => {
            if (now.merge) await clickhouse.command(`OPTIMIZE TABLE ${TABLE} FINAL`);
          };
          aroundReading = {
            before: () => come(first).then(optimize),
            after: () => come(second).then(optimize),
          };
          await countLoyalByBranch(gold, scopeOf(''));
        } else if (now.do === 'EXCHANGE') await clickhouse.command(`EXCHANGE TABLES ${TABLE} AND silver.others`);
        else if (now.do === 'drop a part') await dropPart();
        else await clickhouse.command(now.do);
      }
      await agrees(gold);
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 40), examples: [[READ_IN_BETWEEN]] },
  );
  expect(fromMemory).toBeGreaterThan(20);
  await clickhouse.command('DROP TABLE silver.others SYNC');
});

test('what is remembered is not asked of the table, and a branch that opens is known', {
  timeout: 60_000,
}, async () => {
  await engine().clickhouse.command(`TRUNCATE TABLE ${TABLE}`);
  await insert(Array.from({ length: 500 }, (_, index) => ({ ...ROW, customer: index + 1, day: index % 20 })));
  const gold = opened();
  await agrees(gold);
  for (const [revision, branch] of [...BRANCHES, 'SMKT004'].entries()) {
    await insert([{ ...ROW, branch, customer: 7, revision: revision + 2 }]);
    asked = [];
    const loyal = (await truth(END)).get(branch);
    expect((await countLoyalByBranch(gold, scopeOf(''))).get(branch)).toBe(loyal);
    expect(await countLoyalCustomers(gold, scopeOf(branch))).toBe(loyal);
    expect(new Set(asked)).toEqual(new Set(['parts', 'arrived_customer_branches']));
  }
});

test('a branch that was forgotten for others is read again', { timeout: 120_000 }, async () => {
  await engine().clickhouse.command(`TRUNCATE TABLE ${TABLE}`);
  await insert([ROW]);
  const gold = opened();
  await agrees(gold);
  for (let other = 1000; other < 1130; other++) expect((await gold.loyalInBranches.of(`SMKT${other}`))?.(END)).toBe(0);
  await insert([{ ...ROW, customer: 2 }]);
  await agrees(gold);
});

test('while nobody asks it is kept up, so that who comes back is answered from memory', {
  timeout: 120_000,
}, async () => {
  await engine().clickhouse.command(`TRUNCATE TABLE ${TABLE}`);
  await insert([ROW]);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const gold = opened();
    await agrees(gold);
    // More than a question may read at once, but not more than in ten seconds.
    for (const first of [1_000, 20_000]) {
      await insert(Array.from({ length: 15_000 }, (_, index) => ({ ...ROW, customer: first + index })));
      asked = [];
      await vi.advanceTimersByTimeAsync(10_000);
      await vi.waitUntil(() => asked.includes('arrived_customer_branches'), { timeout: 20_000 });
    }
    asked = [];
    expect((await countLoyalByBranch(gold, scopeOf(''))).get('SMKT001')).toBe(30_001);
    expect(asked).not.toContain('loyal_customers_by_branch');
  } finally {
    vi.useRealTimers();
  }
});

const ROW: Row = { branch: 'SMKT001', customer: 1, revision: 1, day: 3 };

test('who answers at once asks the table, and remembers meanwhile', { timeout: 60_000 }, async () => {
  await engine().clickhouse.command(`TRUNCATE TABLE ${TABLE}`);
  await insert([ROW]);
  const gold = opened('again');
  asked = [];
  expect(await countLoyalCustomers(gold, scopeOf('SMKT001'))).toBe(1);
  expect(asked).toContain('loyal_customers_count');
  await expect.poll(() => gold.loyalInBranches.of('SMKT001'), { timeout: 10_000 }).toBeDefined();
  await expect.poll(() => gold.loyalInBranches.all(), { timeout: 10_000 }).toBeDefined();
  asked = [];
  expect(await countLoyalCustomers(gold, scopeOf('SMKT001'))).toBe(1);
  expect(asked).toEqual(['parts']);
});
