import { expect, test } from 'vitest';
import { decide, readOptions } from './options.ts';

const FILES = ['--products', 'p.csv', '--purchases', 's.csv'];
const from = (args: string[], state?: { data: 'demo' | 'own'; loaded: boolean }) =>
  decide(readOptions(args), state, 'folder');

test('a new folder gets demo data, files when they are named, or a catalog alone', () => {
  expect(from([])).toEqual({ kind: 'demo' });
  expect(from(FILES)).toMatchObject({ kind: 'files', products: 'p.csv', purchases: 's.csv' });
  expect(from(['--receipts', 'r.csv', '--map', 'ventes'])).toMatchObject({
    kind: 'files',
    receipts: 'r.csv',
    map: 'ventes',
  });
  expect(from(['--empty'])).toEqual({ kind: 'catalog' });
});

test('a second start goes on: an interrupted demo is finished, a whole one is left alone', () => {
  expect(from([], { data: 'demo', loaded: false })).toEqual({ kind: 'demo' });
  expect(from([], { data: 'demo', loaded: true })).toEqual({ kind: 'nothing' });
  expect(from([], { data: 'own', loaded: false })).toEqual({ kind: 'nothing' });
  expect(from(['--empty'], { data: 'own', loaded: true })).toEqual({ kind: 'nothing' });
});

test("demo data and anybody's own never meet", () => {
  expect(() => from(FILES, { data: 'demo', loaded: true })).toThrow(/demo data.*npm run reset/);
  expect(() => from(['--empty'], { data: 'demo', loaded: true })).toThrow(/demo data/);
  expect(from(FILES, { data: 'own', loaded: true })).toMatchObject({ kind: 'files' });
});

test.each([
  [['--products', 'p.csv']],
  [['--purchases', 's.csv']],
  [['--branches', 'b.csv']],
  [['--empty', ...FILES]],
  [['--empty', '--branches', 'b.csv']],
  [[...FILES, '--receipts', 'r.csv']],
  [[...FILES, '--map', 'ventes']],
  [['--empty', '--receipts', 'r.csv']],
  [['--colour']],
  [['file.csv']],
])('%j is refused with the usage in one line', (args) => {
  expect(() => readOptions(args)).toThrow(/usage: npm start/);
  try {
    readOptions(args);
  } catch (error) {
    expect(String(error)).not.toContain('\n');
  }
});
