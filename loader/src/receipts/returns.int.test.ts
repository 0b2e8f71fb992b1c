import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../tests/support/database.ts';
import { type LoadOptions, load } from '../load.ts';

let folder = '';
let database: TestDatabase;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'returns-int-'));
  database = await makeDatabase(inject('postgresUrl'));
  await database.pool.query('update chain_settings set max_quantity = 0');
});
afterAll(async () => {
  await database.pool.end();
  await rm(folder, { recursive: true });
});

const HEADER = 'receipt_number,timestamp,branch_id,customer_id,product,quantity,unit_price,discount,original_receipt';
const loadRows = async (rows: readonly string[], more: Partial<LoadOptions> = {}) => {
  const receipts = join(folder, 'receipts.csv');
  await writeFile(receipts, [HEADER, ...rows].join('\n'));
  const rules = { rejects: join(folder, 'rejects'), timeZone: 'UTC', chainSince: '2000-01-01' };
  return load({ receipts, postgresUrl: database.url, ...rules, ...more });
};
const select = async (sql: string) => (await database.pool.query(sql)).rows;
const emptied = () =>
  database.pool.query('truncate purchases, purchase_items, returns, return_items, purchase_columns, loaded_files');
/** What came back of which receipt, where and when. */
const books = () =>
  select(`select sold.receipt_number as of, i.product_id as product, i.quantity::float as quantity, i.total_minor::int as back,
      r.branch_id as branch, to_char(r.returned_at at time zone 'UTC', 'MM-DD HH24:MI') as at, r.returned_by as by
    from returns r join return_items i using (return_id) join purchases sold using (purchase_id)
    order by r.returned_at, sold.receipt_number, i.product_id`);

/** What comes before: milk of card 7 on two receipts, of card 8 on one; bread with a discount; one without a card. */
const SALES = [
  'R1,2026-07-01 10:00,SMKT001,card 7,Milk,2,1.50,,',
  'R2,2026-07-02 10:00,SMKT001,card 7,Milk,3,1.40,,',
  'R2,2026-07-02 10:00,SMKT001,card 7,Bread,1,3.20,0.20,',
  'R3,2026-07-03 10:00,SMKT002,card 8,Milk,1,1.50,,',
  'R4,2026-07-04 10:00,SMKT001,,Cheese,0.735,18.90,,',
];

test.each<[string, string[], object[], string[]]>([
  [
    'names its receipt, in another branch',
    ['B1,2026-07-09 12:00,SMKT002,,Milk,-1,1.50,,R1'],
    [{ of: 'R1', product: 'milk', quantity: 1, back: 150, branch: 'SMKT002', at: '07-09 12:00', by: 'loader' }],
    [],
  ],
  [
    'has the number of its receipt, as refunds of an order have',
    ['R4,2026-07-09 12:00,SMKT001,,Cheese,-0.735,18.90,,'],
    [{ of: 'R4', product: 'cheese', quantity: 0.735, back: 1389, branch: 'SMKT001', at: '07-09 12:00', by: 'loader' }],
    [],
  ],
  [
    "is of the customer's last purchases before it, as many as it takes",
    ['B1,2026-07-09 12:00,SMKT001,card 7,Milk,-3,1.40,,', 'B2,2026-07-09 12:01,SMKT001,card 7,Milk,-1,1.50,,'],
    [
      { of: 'R2', product: 'milk', quantity: 3, back: 420, branch: 'SMKT001', at: '07-09 12:00', by: 'loader' },
      { of: 'R1', product: 'milk', quantity: 1, back: 150, branch: 'SMKT001', at: '07-09 12:01', by: 'loader' },
    ],
    [],
  ],
  [
    'is of two of them at once',
    ['B1,2026-07-01 12:00,SMKT001,card 7,Milk,-1,1.50,,', 'B2,2026-07-09 12:00,SMKT001,card 7,Milk,-4,1.425,,'].map(
      (row) => row.replace('1.425', '1.43'),
    ),
    [
      { of: 'R1', product: 'milk', quantity: 1, back: 150, branch: 'SMKT001', at: '07-01 12:00', by: 'loader' },
      ...[
        { of: 'R1', quantity: 1, back: 150 },
        { of: 'R2', quantity: 3, back: 420 },
      ].map((part) => ({ product: 'milk', branch: 'SMKT001', at: '07-09 12:00', by: 'loader', ...part })),
    ],
    [],
  ],
  [
    'names nothing',
    ['B1,2026-07-09 12:00,SMKT001,,Milk,-1,1.50,,'],
    [],
    ['quantity: no receipt and no customer says which purchase of milk it is of'],
  ],
  [
    'is of nothing that the customer has bought',
    ['B1,2026-07-09 12:00,SMKT001,card 8,Milk,-1,1.50,,'],
    [],
    ['quantity: the customer has bought no milk in this branch before'],
  ],
  [
    'is before the sale',
    ['B1,2026-06-09 12:00,SMKT001,,Milk,-1,1.50,,R1'],
    [],
    ['timestamp: it was bought later, at 2026-07-01T10:00:00.000Z'],
  ],
  [
    'is more than was bought',
    ['B1,2026-07-09 12:00,SMKT001,,Milk,-3,1.50,,R1'],
    [],
    ['quantity: 2 of milk can still be returned'],
  ],
  [
    'names a receipt that is not there',
    ['B1,2026-07-09 12:00,SMKT001,,Milk,-3,1.50,,R9'],
    [],
    ['quantity: no receipt, or more than one, has the number R9'],
  ],
  [
    'gives back what was not paid',
    ['B1,2026-07-09 12:00,SMKT001,,Bread,-1,3.20,,R2'],
    [],
    ['unit_price: is not what was paid for it, which is 3.00'],
  ],
  [
    'is in part unreadable',
    ['B1,2026-07-09 12:00,SMKT001,,Milk,-1,1.40,,R2', 'B1,2026-07-09 12:00,SMKT001,,Bread,-x,3.00,,R2'],
    [],
    ['another row of the receipt is rejected: line 8', 'quantity: is not a quantity'],
  ],
])('a return that %s', async (_what, rows, expected, reasons) => {
  await emptied();
  const checked = await loadRows([...SALES, ...rows], { check: true });
  const summary = await loadRows([...rows.toReversed(), ...SALES]);
  expect(await books()).toEqual(expected);
  const counts = { rows: SALES.length + rows.length, rejected: reasons.length === 0 ? 0 : rows.length, recorded: 4 };
  expect(summary).toMatchObject(counts);
  // A check says so before.
  const { loaded, returned, returnedMinor } = summary;
  expect(checked).toMatchObject({ ...counts, loaded, returned, returnedMinor });
  for (const reason of reasons) {
    expect(
      Object.keys(summary.reasons)
        .concat(checked.examples.map((row) => row.reason))
        .join('\n'),
    ).toContain(reason);
  }
  // The same rows again, in a file of their own: nothing comes back twice.
  await loadRows([...rows, ...SALES, 'R5,2026-07-04 10:00,SMKT001,,Milk,1,1.50,,']);
  expect(await books()).toEqual(expected);
});

const PRODUCTS = { milk: 150, bread: 320, eggs: 299 } as const;
type Product = keyof typeof PRODUCTS;
const line = fc.record({
  product: fc.constantFrom<Product>('milk', 'bread', 'eggs'),
  quantity: fc.integer({ min: 1, max: 4 }),
});
const sale = fc.record({ card: fc.integer({ min: 0, max: 2 }), lines: fc.array(line, { minLength: 1, maxLength: 4 }) });
const back = fc.record({
  card: fc.integer({ min: 0, max: 2 }),
  original: fc.option(fc.nat(5)),
  lines: fc.array(line, { minLength: 1, maxLength: 2 }),
});
const minute = (n: number) => `2026-07-01 10:${String(n).padStart(2, '0')}`;

test('any file with returns, its rows in any order and repeated: the same books, and never more back than was bought', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sale, { minLength: 1, maxLength: 6 }),
      fc.array(back, { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.nat()),
      async (sales, returns, dice) => {
        const shuffled = (rows: readonly string[]) =>
          rows
            .map((row) => ({ row, at: dice.next().value }))
            .sort((one, other) => one.at - other.at)
            .map(({ row }) => row);
        const rowsOf = (
          number: string,
          at: string,
          card: number,
          lines: (typeof sales)[number]['lines'],
          sign: string,
          original = '',
        ) =>
          lines.map(({ product, quantity }) =>
            [
              number,
              at,
              'SMKT001',
              card === 0 ? '' : `card ${card}`,
              product,
              `${sign}${quantity}`,
              (PRODUCTS[product] / 100).toFixed(2),
              '',
              original,
            ].join(),
          );
        const rows = [
          ...sales.flatMap(({ card, lines }, n) => rowsOf(`S${n}`, minute(n), card, lines, '')),
          ...returns.flatMap(({ card, original, lines }, n) =>
            rowsOf(`B${n}`, minute(30 + n), card, lines, '-', original === null ? '' : `S${original}`),
          ),
        ];
        await emptied();
        const first = await loadRows(shuffled(rows));
        expect(first.loaded + first.rejected).toBe(rows.length);
        const expected = await books();
        const over = await select(`select 1 from (
            select purchase_id, product_id, sum(quantity) as sold, sum(net_minor) as paid from purchase_items group by 1, 2) as bought
          join (
            select r.purchase_id, product_id, sum(quantity) as back, sum(i.total_minor) as given
            from returns r join return_items i using (return_id) group by 1, 2) as returned using (purchase_id, product_id)
          where back > sold or given > paid`);
        expect(over).toEqual([]);
        const again = await loadRows(shuffled(rows));
        expect(again).toMatchObject({ loaded: 0, duplicates: first.loaded, rejected: first.rejected });
        expect(await books()).toEqual(expected);
        await emptied();
        expect(await loadRows(shuffled(rows))).toMatchObject({
          loaded: first.loaded,
          returnedMinor: first.returnedMinor,
        });
        expect(await books()).toEqual(expected);
      },
    ),
    { numRuns: 8, endOnFailure: true },
  );
}, 180_000);
