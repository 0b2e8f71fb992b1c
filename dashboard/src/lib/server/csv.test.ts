import { expect, it } from 'vitest';
import { csvOf, csvResponse } from './csv.ts';

it('quotes what must be quoted, and never writes a formula', () => {
  const rows = [
    { product: 'Tea, "green"', units: 2, price: -5, since: null, top: [1] },
    { product: '=HYPERLINK("http://x")', units: 0, price: 1.5, since: 'a\nb', top: [] },
  ];
  expect(csvOf(rows)).toBe(
    'product,units,price,since\r\n"Tea, ""green""",2,-5,\r\n"\'=HYPERLINK(""http://x"")",0,1.5,"a\nb"\r\n',
  );
});

it('is a file named after its table', async () => {
  const response = csvResponse([{ a: 1 }], '/api/branch_sales');
  expect(response.headers.get('content-disposition')).toBe('attachment; filename="branch_sales.csv"');
  expect(await response.text()).toBe('a\r\n1\r\n');
});

it('without rows there is nothing to name', () => {
  expect(csvOf([])).toBe('\r\n');
});
