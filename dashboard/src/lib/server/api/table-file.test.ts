import { READ_API, type ReadEndpoint } from '@tillstream/schemas/read-api';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { columnsOf, isColumnOf, parquetOf, tableFile } from './table-file.ts';

describe('columns', () => {
  it('are those of the schema, without lists', () => {
    expect(columnsOf('kpis').map(({ name }) => name)).toEqual([
      'as_of',
      'purchases',
      'items',
      'revenue_minor',
      'gross_minor',
      'discount_minor',
      'returned_minor',
      'returns',
      'average_basket_minor',
      'unique_customers',
      'loyal_customers',
      'loyal_threshold',
    ]);
    expect(columnsOf('top_products')).toContainEqual({ name: 'units', type: 'decimal' });
    expect(columnsOf('top_customers')).toContainEqual({ name: 'loyal', type: 'boolean' });
    expect(columnsOf('branch_sales')).toContainEqual({ name: 'newest_sale', type: 'text' });
  });

  it.each(Object.keys(READ_API) as ReadEndpoint[])('%s: what does not add up is a column of numbers', (name) => {
    const columns = columnsOf(name);
    for (const figure of READ_API[name].doesNotAddUp)
      expect(columns).toContainEqual({ name: figure, type: expect.stringMatching(/integer|decimal/) });
  });
});

it('a series has customers by day only, in the schema, in its files and in what does not add up', async () => {
  const { answer, doesNotAddUp } = READ_API.series;
  const sums = { purchases: 2, items: 3, revenue_minor: 400 };
  const hours = [{ start: '2026-11-20T10:00:00.000Z', ...sums }];
  const days = [{ start: '2026-11-20T00:00:00.000Z', ...sums, unique_customers: 2 }];
  for (const points of [hours, days]) {
    expect(answer.parse({ as_of: null, points })).toEqual({ as_of: null, points });
  }
  const header = async (points: object[]) =>
    (await tableFile('series', 'csv', columnsOf('series'), points).text()).split('\r\n')[0];
  expect(await header(hours)).toBe('start,purchases,items,revenue_minor');
  expect(await header(days)).toBe('start,purchases,items,revenue_minor,unique_customers');
  expect(doesNotAddUp.filter(isColumnOf(hours))).toEqual([]);
  expect(doesNotAddUp.filter(isColumnOf(days))).toEqual(['unique_customers']);
  expect(doesNotAddUp.filter(isColumnOf([]))).toEqual(['unique_customers']);
});

const COLUMNS = [
  { name: 'product', type: 'text' },
  { name: 'minor', type: 'integer' },
  { name: 'loyal', type: 'boolean' },
] as const;

it('Parquet reads back exactly, nulls, large numbers and odd names included', async () => {
  const rows = [
    { product: '=Tea, "green" ☕', minor: Number.MAX_SAFE_INTEGER, loyal: true },
    { product: null, minor: -5 },
    { product: '', minor: 0, loyal: false },
  ];
  expect(await parquetReadObjects({ file: parquetOf(COLUMNS, rows) })).toEqual([
    { product: '=Tea, "green" ☕', minor: BigInt(Number.MAX_SAFE_INTEGER), loyal: true },
    { product: null, minor: -5n, loyal: null },
    { product: '', minor: 0n, loyal: false },
  ]);
});

it('an empty table is a file with its columns', async () => {
  const file = await tableFile('week_grid', 'parquet', COLUMNS, []).arrayBuffer();
  expect(await parquetReadObjects({ file })).toEqual([]);
  expect(await tableFile('week_grid', 'csv', COLUMNS, []).text()).toBe('product,minor,loyal\r\n');
});

it('is named after its table and leaves out what no row has', async () => {
  const response = tableFile('product_sales', 'csv', COLUMNS, [{ product: 'milk', minor: 1 }]);
  expect(response.headers.get('content-disposition')).toBe('attachment; filename="product_sales.csv"');
  expect(await response.text()).toBe('product,minor\r\nmilk,1\r\n');
});
