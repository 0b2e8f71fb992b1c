import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FileFault } from './check-file.ts';
import { openCsv } from './csv-file.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'csv-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

const write = async (content: string | Uint8Array, name = 'some.csv') => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};
const COLUMNS = ['name', 'price'] as const;
const faultOf = async (asked: Promise<unknown>): Promise<string> => {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FileFault);
  return error instanceof Error ? error.message : '';
};

describe('a file that is not what it should be', () => {
  test('missing, or a folder', async () => {
    expect(await faultOf(openCsv(join(folder, 'none.csv'), COLUMNS))).toMatch(/none\.csv: there is no such file/);
    expect(await faultOf(openCsv(folder, COLUMNS))).toMatch(/is a folder/);
    await symlink(join(folder, 'gone'), join(folder, 'dangling'));
    expect(await faultOf(openCsv(join(folder, 'dangling'), COLUMNS))).toMatch(/no such file/);
  });

  test.each([
    ['', 'is empty'],
    ['\uFEFF', 'is empty'],
    ['\r\n \n', 'is empty'],
    ['name;cost\nMilk;1\n', 'line 1: the header lacks price; it must name name,price'],
    ['name|price\nMilk|1\n', 'line 1: the header lacks name, price'],
    ['\nname,cost\n', 'line 2: the header lacks price; it must name name,price'],
    ['name,price,Name\n', 'names name twice'],
    ['name,"price\nMilk,1\n', 'the header is broken'],
    ['x'.repeat(600_000), 'the header is broken: the line is too long'],
  ])('%#: %s', async (content, message) => {
    expect(await faultOf(openCsv(await write(content), COLUMNS))).toContain(message);
  });

  test.each<[string, Uint8Array, string]>([
    ['Latin-1', Buffer.from('name,price\nCr\xe8me,1\n', 'latin1'), 'byte 14, on line 2'],
    ['UTF-16', Buffer.from('\uFEFFname,price\n', 'utf16le'), 'byte 1, on line 1'],
    ['cut off in a character', Buffer.from('name,price\nCrè', 'utf8').subarray(0, -1), 'byte 14, on line 2'],
    [
      'late',
      Buffer.concat([Buffer.from(`name,price\n${'é,1\n'.repeat(700_000)}`), Buffer.from([0xff])]),
      'on line 700002',
    ],
  ])('not UTF-8: %s', async (_, content, place) => {
    expect(await faultOf(openCsv(await write(content), COLUMNS))).toContain(
      `is not UTF-8 (${place.startsWith('byte') ? place : ''}`,
    );
    expect(await faultOf(openCsv(await write(content), COLUMNS))).toContain(place);
  });
});

test('the first bad byte is named wherever it stands', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom('a', 'é', '€', '🥛', '\n'), maxLength: 30 }),
      fc.string(),
      async (good, rest) => {
        const before = Buffer.from(`name,price\n${good}`);
        const path = await write(Buffer.concat([before, Buffer.from([0xff]), Buffer.from(rest)]));
        const line = before.toString().split('\n').length;
        expect(await faultOf(openCsv(path, COLUMNS))).toContain(`(byte ${before.length + 1}, on line ${line})`);
      },
    ),
    { numRuns: 50 },
  );
});

test.each([
  ['plain', 'name,price\nMilk,1.50\n'],
  ['BOM', '\uFEFFname,price\nMilk,1.50\n'],
  ['CRLF', 'name,price\r\nMilk,1.50\r\n'],
  ['case, spaces and quotes', '"Name", PRICE \nMilk,1.50'],
])('reads a file with a right header: %s', async (_, content) => {
  const file = await openCsv(await write(content), COLUMNS);
  const rows = [];
  for await (const some of file.rows()) rows.push(...some);
  expect(rows).toMatchObject([{ line: 2, fields: ['Milk', '1.50'] }]);
});

test.each([
  ['semicolon', 'Name;price;note\n"Milk; fresh";1,50;"a ""b"""\n'],
  ['semicolon, BOM and CRLF', '\uFEFF"name";"PRICE";note\r\n"Milk; fresh";1,50;"a ""b"""\r\n'],
  ['tab', 'name\tprice\tnote\nMilk; fresh\t1,50\t"a ""b"""\n'],
  ['comma', 'name,price,note\nMilk; fresh,"1,50","a ""b"""\n'],
])('what separates columns is found from the header: %s', async (_, content) => {
  const file = await openCsv(await write(content), COLUMNS);
  const rows = [];
  for await (const some of file.rows()) rows.push(...some);
  expect(rows).toMatchObject([{ line: 2, fields: ['Milk; fresh', '1,50', 'a "b"'] }]);
});

test('columns may stand in any order and among others, which are named', async () => {
  const file = await openCsv(await write('Id,Price,name,\n1,1.50,Milk,x\n'), COLUMNS, { optional: ['id', 'unit'] });
  expect(file).toMatchObject({ width: 4, at: { name: 2, price: 1, id: 0 }, extra: [{ name: 'column 4', at: 3 }] });
});

test('a file is known by its content', async () => {
  const [one, same, other] = ['name,price\nMilk,1\n', 'name,price\nMilk,1\n', 'name,price\nMilk,2\n'].map(
    async (content, n) => (await openCsv(await write(content, `${n}.csv`), COLUMNS)).sha256,
  );
  expect(await one).toMatch(/^[0-9a-f]{64}$/);
  expect(await same).toBe(await one);
  expect(await other).not.toBe(await one);
});
