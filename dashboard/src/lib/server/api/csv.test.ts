import { expect, it } from 'vitest';
import { csvOf } from './csv.ts';

it('quotes what must be quoted, and never writes a formula', () => {
  const rows = [
    { product: 'Tea, "green"', units: 2, price: -5, since: null, top: [1] },
    { product: '=HYPERLINK("http://x")', units: 0, price: 1.5, since: 'a\nb', top: [] },
  ];
  expect(csvOf(['product', 'units', 'price', 'since'], rows)).toBe(
    'product,units,price,since\r\n"Tea, ""green""",2,-5,\r\n"\'=HYPERLINK(""http://x"")",0,1.5,"a\nb"\r\n',
  );
});

it('without rows it still names its columns', () => {
  expect(csvOf(['a', 'b'], [])).toBe('a,b\r\n');
});
