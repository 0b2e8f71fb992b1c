import { expect, test } from 'vitest';
import { openCatalog } from './catalog.ts';
import type { NamedQuery } from './client.ts';
import type { Look } from './looks.ts';

const lookAt = (names: readonly string[]): Look => {
  const found = names.map((name, block) => ({
    ...{ name, partition: 'all', first: block, last: block, version: block, rows: 1, path: `/store/abc/${name}/` },
  }));
  return { purchases: [], customers: [], customer_branches: [], products: found, branches: found };
};

/** How often the catalog is read by the looks that are given. */
const reads = async (looks: readonly Look[]) => {
  let count = 0;
  const answer = <Row>({ row }: NamedQuery<Row>, given: unknown): Row => {
    count += 1;
    return row.parse(given);
  };
  const catalog = openCatalog({
    rows: async (query) => [answer(query, { product_id: 'milk', product: `Milk ${count}` })],
    row: async (query) => answer(query, { branches: ['SMKT001'], countries: ['Austria'], hash: '42' }),
  });
  for (const look of looks) {
    expect([...(await catalog.names(look)).keys()]).toEqual(['milk']);
    expect((await catalog.places(look)).countries.get('SMKT001')).toBe('Austria');
  }
  return count / 2;
};

test('the catalog is read again when its tables have other parts', async () => {
  const [one, two] = [lookAt(['all_1_1_0']), lookAt(['all_1_1_0', 'all_2_2_0'])];
  expect(await reads([one, one, one])).toBe(1);
  expect(await reads([one, two, two, one])).toBe(3);
});

test('of a table without parts nothing is remembered', async () => {
  expect(await reads([lookAt([]), lookAt([]), lookAt([])])).toBe(3);
});
