import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FileFault } from '../files/check-file.ts';
import { reasonText } from '../files/reasons.ts';
import { type CatalogFile, readBranches, readProducts } from './read-catalog.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-catalog-'));
});
afterAll(() => rm(folder, { recursive: true }));

const write = async (name: string, content: string) => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};
const products = async (rows: string) =>
  readProducts(await write('products_list.csv', `product_name,unit_price\n${rows}`), 2);
const branches = async (rows: string) => readBranches(await write('branches.csv', `branch_id,name,country\n${rows}`));
const rejects = ({ rejected }: CatalogFile<unknown>) =>
  rejected.map(({ row, reasons }) => `line ${row.line}: ${reasons.map(reasonText).join('; ')}`);

test('products get their ids from their names', async () => {
  expect((await products(' Orange Juice ,2.4\nMilk,1.50\nmilk,1.5\nORANGE  juice,2.40\n')).entries).toEqual([
    { product_id: 'orange-juice', name: 'Orange Juice', unit_price_minor: 240 },
    { product_id: 'milk', name: 'Milk', unit_price_minor: 150 },
  ]);
});

describe('a bad product is rejected, the others stand', () => {
  test.each([
    [' ,1', 'product_name: is empty'],
    [`${'x'.repeat(101)},1`, 'product_name: is longer than 100 characters'],
    ['Milk,-1', 'unit_price: is not a price such as 1.50, at most 9999999.99: "-1"'],
    ['Milk,', 'unit_price: is not a price such as 1.50, at most 9999999.99: ""'],
    ['BREAD,2', 'product_name: stands here again with another price: "BREAD"'],
    ['Milk', "the number of columns is not the header's: 1, not 2"],
    ['Mi\u0000lk,1', 'product_name: holds a control character'],
  ])('%j: %s', async (bad, reason) => {
    const file = await products(`Bread,1\n${bad}\nEggs,3\n`);
    expect(rejects(file)).toEqual([`line 3: ${reason}`]);
    expect(file.entries.map(({ name }) => name)).toEqual(['Bread', 'Eggs']);
  });

  test('two names that share an id are a fault of the second line, which names both', async () => {
    const file = await products('Coca Cola,2\nCoca-Cola,2\ncoca cola,2\n');
    expect(rejects(file)).toEqual([
      'line 3: product_name: two names share an id: "Coca Cola" and "Coca-Cola" are both coca-cola',
    ]);
    expect(file.entries.map(({ name }) => name)).toEqual(['Coca Cola']);
    expect([...file.clashes]).toEqual([['coca-cola', 'Coca Cola']]);
  });
});

test('branches have their ids in upper case; a bad one is rejected, the others stand', async () => {
  const file = await branches('smkt001,Mitte,Germany\n,Nord,Germany\nA 1,Nord,Germany\nSmkt001,Nord,Germany\nB,B,\n');
  expect(file.entries.map(({ branch_id }) => branch_id)).toEqual(['SMKT001', 'B']);
  expect(rejects(file)).toEqual([
    'line 3: branch_id: must be 1 to 64 letters, digits, - or _',
    'line 4: branch_id: must be 1 to 64 letters, digits, - or _',
    'line 5: branch_id: stands here again with another name or country: SMKT001',
  ]);
});

test.each([
  [() => products(''), 'products_list.csv: names no product'],
  [() => branches(''), 'branches.csv: names no branch'],
  [() => products('Milk,x\n,1\n'), 'products_list.csv: no row can be loaded; line 2: unit_price: is not a price'],
])('a file of which nothing is left: %#', async (read, message) => {
  await expect(read()).rejects.toThrow(FileFault);
  await expect(read()).rejects.toThrow(message);
});
