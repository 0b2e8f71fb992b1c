import type { ClickHouse } from '@tillstream/clickhouse/client';
import { openGold } from '@tillstream/clickhouse/gold';
import { countLoyalCustomers, readLoyalCustomers } from '@tillstream/clickhouse/questions/loyal-customers';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { engineOfThisFile, SHOP } from './engine.ts';

const engine = engineOfThisFile();
const BEGIN = Date.UTC(2025, 9, 1);
const END = Date.UTC(2025, 10, 1);

/** What was asked of ClickHouse, by name. */
let asked: string[] = [];

const opened = () => {
  const { clickhouse } = engine();
  const rows: ClickHouse['rows'] = (query) => {
    asked.push(query.name);
    return clickhouse.rows(query);
  };
  const row: ClickHouse['row'] = (query) => {
    asked.push(query.name);
    return clickhouse.row(query);
  };
  return openGold({ ...clickhouse, rows, row }, SHOP, { fewCustomers: 0, folding: 'always' });
};

beforeEach(async () => {
  await engine().clickhouse.command('TRUNCATE TABLE silver.customers');
  asked = [];
});

type Row = [customer: number, revision: number, day: number | null];

/** One insert, one block: moments are days after the beginning. */
const insert = (rows: readonly Row[]) =>
  engine().clickhouse.insert(
    'silver.customers',
    rows.map(([customer, revision, day]) => ({
      customer_id: `00000000-0000-4000-8000-${String(customer).padStart(12, '0')}`,
      number: customer,
      revision,
      purchases: day === null ? 1 : 3,
      spent_minor: 100,
      loyal_since: day === null ? null : new Date(BEGIN + day * 86_400_000 + 1).toISOString().slice(0, 23),
      first_sold_at: null,
      last_sold_at: null,
    })),
  );

const dropPart = async () => {
  const [part] = await engine().clickhouse.rows({
    name: 'parts',
    sql: "SELECT name FROM system.parts WHERE active AND database = 'silver' AND table = 'customers' ORDER BY name LIMIT 1",
    row: z.object({ name: z.string() }),
  });
  if (part !== undefined) await engine().clickhouse.command(`ALTER TABLE silver.customers DROP PART '${part.name}'`);
};

const truth = async (to: number) => {
  const { count } = await engine().clickhouse.row({
    name: 'truth',
    sql: `SELECT countIf(loyal_since < fromUnixTimestamp64Milli({to:Int64}, 'UTC')) AS count FROM gold.customers`,
    params: { to },
    row: z.object({ count: z.int() }),
  });
  return count;
};

const agrees = async (gold: ReturnType<typeof opened>) => {
  for (const to of [BEGIN, BEGIN + 10 * 86_400_000, END])
    expect(await countLoyalCustomers(gold, { from: 0, to })).toBe(await truth(to));
  const days = await readLoyalCustomers(gold, { from: BEGIN, to: END });
  expect(days.at(-1)?.loyal_customers).toBe(await truth(END));
  expect(days[4]?.loyal_customers).toBe(await truth(Date.parse(days[5]?.start ?? '')));
};

const customer = fc.integer({ min: 1, max: 12 });
const rows = fc.array(fc.tuple(customer, fc.integer({ min: 1, max: 9 }), fc.option(fc.integer({ min: 0, max: 29 }))), {
  minLength: 1,
  maxLength: 6,
});
const step = fc.oneof(
  { weight: 6, arbitrary: rows.map((rows) => ({ do: 'insert' as const, rows })) },
  { weight: 3, arbitrary: fc.constant({ do: 'ask' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'OPTIMIZE TABLE silver.customers FINAL' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'OPTIMIZE TABLE silver.customers' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'TRUNCATE TABLE silver.customers' as const }) },
  {
    weight: 1,
    arbitrary: fc.constant({
      do: 'ALTER TABLE silver.customers UPDATE loyal_since = NULL WHERE number % 3 = 0 SETTINGS mutations_sync = 1' as const,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'EXCHANGE' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'drop a part' as const }) },
);

/** The part that knew one of two is gone, and the other one's stays. */
const PART_DROPPED = [
  { do: 'insert' as const, rows: [[1, 1, 2] as [number, number, number]] },
  { do: 'insert' as const, rows: [[2, 1, 3] as [number, number, number]] },
  { do: 'ask' as const },
  { do: 'drop a part' as const },
];

test('loyal customers are those of the table, whatever happens to it', { timeout: 300_000 }, async () => {
  const { clickhouse } = engine();
  await clickhouse.command('CREATE TABLE silver.other_customers AS silver.customers');
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      await clickhouse.command('TRUNCATE TABLE silver.customers');
      const gold = opened();
      // The same revision of a customer says the same, whenever it comes.
      const said = new Map<string, number | null>();
      for (const now of steps) {
        if (now.do === 'insert')
          await insert(
            now.rows.map(([customer, revision, day]): Row => {
              const key = `${customer} ${revision}`;
              said.set(key, said.get(key) ?? day);
              return [customer, revision, said.get(key) ?? null];
            }),
          );
        else if (now.do === 'ask') await agrees(gold);
        else if (now.do === 'EXCHANGE')
          await clickhouse.command('EXCHANGE TABLES silver.customers AND silver.other_customers');
        else if (now.do === 'drop a part') await dropPart();
        else await clickhouse.command(now.do);
      }
      await agrees(gold);
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 25), examples: [[PART_DROPPED]] },
  );
  await clickhouse.command('DROP TABLE silver.other_customers SYNC');
});

test('of customers who are remembered only what is new is read', async () => {
  await insert(Array.from({ length: 500 }, (_, index): Row => [index + 1, 1, index % 5 === 0 ? null : index % 20]));
  const gold = opened();
  await agrees(gold);
  expect(asked).toContain('customers_of_part');
  for (const revision of [2, 3, 4]) {
    await insert([[revision, revision, 3]]);
    asked = [];
    await agrees(gold);
    expect(new Set(asked)).toEqual(new Set(['parts', 'new_customers']));
  }
  // An older revision comes again; and a merge changes nothing.
  await insert([[3, 1, null]]);
  await agrees(gold);
  asked = [];
  await engine().clickhouse.command('OPTIMIZE TABLE silver.customers FINAL');
  await agrees(gold);
  expect(new Set(asked)).toEqual(new Set(['parts']));
});

test('when more has come than a question should read, the table is asked', async () => {
  await insert([[1, 1, 2]]);
  const gold = opened();
  await agrees(gold);
  await engine().clickhouse.command(
    `INSERT INTO silver.customers SELECT toUUID(concat('00000000-0000-4000-8000-', leftPad(toString(number + 100), 12, '0'))), number + 100, 1, 3, 1,
       toDateTime64('2025-10-02 00:00:00', 3, 'UTC'), NULL, NULL FROM numbers(200001)`,
  );
  asked = [];
  await agrees(gold);
  expect(asked).toContain('loyal_customers_count');
  asked = [];
  await agrees(gold);
  expect(new Set(asked)).toEqual(new Set(['parts']));
});

test('one who answers at once asks the table, and remembers meanwhile', async () => {
  await insert([[1, 1, 2]]);
  const { clickhouse } = engine();
  const gold = openGold(clickhouse, SHOP, { fewCustomers: 0 });
  expect(await gold.loyal.now()).toBeUndefined();
  await expect.poll(() => gold.loyal.now(), { timeout: 10_000 }).toBeDefined();
  expect(await openGold(clickhouse, SHOP, { fewCustomers: 2 }).loyal.now()).toBeUndefined();
});
