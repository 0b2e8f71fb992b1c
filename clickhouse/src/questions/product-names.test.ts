import { expect, test } from 'vitest';
import { rememberProductNames } from './product-names.ts';

test('names are read again after five seconds, and after a reading that failed', async () => {
  let [clock, reads] = [0, 0];
  const rows = async () => {
    if (reads++ === 1) throw new Error('away');
    return [{ product_id: 'p1', product: `name ${reads}` }];
  };
  const names = rememberProductNames({ rows: rows as never }, () => clock);
  const name = async () => (await names()).get('p1');
  expect(await name()).toBe('name 1');
  clock = 4_999;
  expect(await name()).toBe('name 1');
  clock = 5_000;
  await expect(name()).rejects.toThrow('away');
  expect(await name()).toBe('name 3');
});
