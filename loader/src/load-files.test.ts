import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { customerIdOf } from '@tillstream/schemas/customer-id';
import Papa from 'papaparse';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generateFiles } from '../generate/files.ts';
import { fakeStore, PassingError } from './fake-store.ts';
import { type LoadFilesOptions, loadFiles } from './load-files.ts';
import { nothingLoaded, summaryText } from './summary.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'load-'));
});
afterEach(() => rm(folder, { recursive: true }));

const HEADER = 'supermarket_id,timestamp,user_id,items_list,total_amount';
const USER = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const PRODUCTS = 'product_name,unit_price\nMilk,1.50\nBread,2.20\nOrange Juice,2.40\n';

const options = async (purchases: string, more: Partial<LoadFilesOptions> = {}) => {
  await writeFile(join(folder, 'products_list.csv'), PRODUCTS);
  await writeFile(join(folder, 'purchases.csv'), purchases);
  return {
    products: join(folder, 'products_list.csv'),
    purchases: join(folder, 'purchases.csv'),
    rejects: join(folder, 'rejects'),
    timeZone: 'Europe/Berlin',
    chainSince: '2000-01-01',
    ...more,
  };
};

/** Loads rows under the right header into an empty system. */
const loadRows = async (rows: string, fake = fakeStore()) => {
  const summary = await loadFiles(fake.store, await options(`${HEADER}\n${rows}`));
  const rejects = summary.rejects === undefined ? [] : await rejectsIn(summary.rejects);
  return { summary, rejects, purchases: [...fake.purchases.values()], fake };
};
const rejectsIn = async (path: string) =>
  Papa.parse<{ line: string; reason: string; text: string }>(await readFile(path, 'utf8'), {
    header: true,
    skipEmptyLines: true,
  }).data;

test('a row becomes a purchase', async () => {
  const { summary, purchases } = await loadRows(
    `smkt001,2026-07-20 10:00:00,${USER.toUpperCase()},"milk, ORANGE JUICE",3.9\n`,
  );
  expect(summary).toMatchObject({
    rows: 1,
    loaded: 1,
    duplicates: 0,
    rejected: 0,
    rejects: undefined,
    interrupted: false,
  });
  const [purchase] = purchases;
  expect(purchase).toMatchObject({
    branch_id: 'SMKT001',
    customer_id: USER,
    sold_at: '2026-07-20T08:00:00.000Z',
    items: ['milk', 'orange-juice'],
    expected_total_minor: 390,
  });
  expect(purchase?.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  expect(purchase?.idempotency_key).toBe(`csv:${purchase?.fingerprint}`);
});

test('BOM, CRLF, blank lines and a sale without a customer', async () => {
  const fake = fakeStore();
  const text = `\uFEFF\r\n${HEADER.toUpperCase()}\r\n\r\nSMKT001,2026-07-20T10:00:00,,Milk,1.50\r\n\r\nSMKT001,oops,,Milk,1.50\r\n`;
  const summary = await loadFiles(fake.store, await options(text));
  expect(summary).toMatchObject({ rows: 2, loaded: 1, rejected: 1 });
  expect([...fake.purchases.values()][0]?.customer_id).toBeNull();
  expect(await rejectsIn(summary.rejects ?? '')).toMatchObject([{ line: '6', text: 'SMKT001,oops,,Milk,1.50' }]);
});

test.each([';', '\t'])('a file separated by %j, its prices in the same', async (mark) => {
  const fake = fakeStore();
  const of = (...fields: string[]) => `${fields.join(mark)}\n`;
  const given = await options(
    of(...HEADER.split(',')) + of('SMKT001', '2026-07-20T10:00:00', '', '"Milk,Bread"', '3.70'),
  );
  await writeFile(given.products, of('product_name', 'unit_price') + of('Milk', '1.50') + of('Bread', '2.20'));
  expect(await loadFiles(fake.store, given)).toMatchObject({ rows: 1, loaded: 1, rejected: 0 });
});

test.each([
  ['JPY', '150', 150, '160'],
  ['EUR', '1.50', 150, '1.60'],
  ['KWD', '0.150', 150, '0.160'],
  ['IQD', '1.250', 1250, '1.260'],
])('in %s %s is %i minor units, and a reject says so in the same', async (currency, price, minor, wrong) => {
  const fake = fakeStore(currency);
  const row = 'SMKT001,2026-07-20T10:00:00,,Milk';
  const given = await options(`${HEADER}\n${row},${price}\n${row},${wrong}\n`);
  await writeFile(given.products, `product_name,unit_price\nMilk,${price}\n`);
  const { rejects = '' } = await loadFiles(fake.store, given);
  expect(fake.products.get('milk')?.unit_price_minor).toBe(minor);
  expect([...fake.purchases.values()].map((purchase) => purchase.expected_total_minor)).toEqual([minor]);
  expect((await rejectsIn(rejects)).map(({ reason }) => reason)).toEqual([
    `total_amount: the prices add up to ${price}`,
  ]);
});

describe('a bad row is rejected, its good neighbours load', () => {
  const good = `SMKT001,2026-07-20 10:00:00,${USER},Milk,1.50`;
  test.each([
    ['SMKT 99,2026-07-20 10:00,,Milk,1.50', 'supermarket_id: unknown branch "SMKT 99"'],
    [',2026-07-20 10:00,,Milk,1.50', 'supermarket_id: unknown branch ""'],
    ['SMKT001,2025-02-30 10:00,,Milk,1.50', 'timestamp: is not a date and time'],
    ['SMKT001,2026-03-29 02:30,,Milk,1.50', 'timestamp: does not exist'],
    ['SMKT001,1999-12-31 23:59:59,,Milk,1.50', 'timestamp: is before CHAIN_SINCE'],
    ['SMKT001,2999-12-31 23:59:59,,Milk,1.50', 'timestamp: is in the future'],
    [`SMKT001,2026-07-20 10:00,${'4'.repeat(65)},Milk,1.50`, 'user_id: is longer than 64 characters'],
    ['SMKT001,2026-07-20 10:00,,Beer,1.50', 'items_list: unknown product "Beer"'],
    ['SMKT001,2026-07-20 10:00,,"Milk,MILK ",3.00', 'items_list: a product stands there twice: "MILK"'],
    ['SMKT001,2026-07-20 10:00,,"Milk,,Bread",3.70', 'items_list: has an empty name'],
    ['SMKT001,2026-07-20 10:00,,,0.00', 'items_list: is empty'],
    ['SMKT001,2026-07-20 10:00,,Milk,1.51', 'total_amount: the prices add up to 1.50'],
    ['SMKT001,2026-07-20 10:00,,Milk,', 'total_amount: is not an amount'],
    ['SMKT001,2026-07-20 10:00,,Milk,1.500', 'total_amount: is not an amount'],
    ['SMKT001,2026-07-20 10:00,,Milk,-1.50', 'total_amount: is not an amount'],
    ['SMKT001,2026-07-20 10:00,,Milk', "the number of columns is not the header's: 4, not 5"],
    ['SMKT001,2026-07-20 10:00,,Milk,Bread,3.70', "the number of columns is not the header's: 6, not 5"],
    ['SMKT001,2026-07-20 10:00,,"Milk,Bread,3.70', 'a quote is opened and never closed'],
    ['SMKT001,2026-07-20 10:00,,"Mi\u0000lk",1.50', 'the row holds a control character'],
    ['SMKT001,2026-07-20 10:00,,"Milk,\nBread",3.70', 'the row holds a control character'],
  ])('%j: %s', async (bad, reason) => {
    const { summary, rejects } = await loadRows(`${good}\n${bad}\nSMKT002,2026-07-20 10:00,,Bread,2.20\n`);
    expect(rejects).toEqual([{ line: '3', reason: expect.stringContaining(reason), text: bad }]);
    expect(summary).toMatchObject({ rows: 3, loaded: 2, rejected: 1 });
  });

  test('with all its reasons', async () => {
    const { rejects } = await loadRows(`X Y,never,${'4'.repeat(65)},Milk,9.99\n`);
    expect(rejects[0]?.reason).toBe(
      'supermarket_id: unknown branch "X Y"; timestamp: is not a date and time; user_id: is longer than 64 characters; ' +
        'total_amount: the prices add up to 1.50',
    );
  });
});

test('the reject file is of the last run: none is left when nothing was rejected', async () => {
  const { summary } = await loadRows('broken\n');
  expect(summary.rejects).toBe(join(folder, 'rejects', 'purchases.csv.rejects.csv'));
  expect((await loadRows('SMKT001,2026-07-20 10:00,,Milk,1.50\n')).summary.rejects).toBeUndefined();
  expect(existsSync(summary.rejects ?? '')).toBe(false);
});

test('loading again after prices or the time zone have changed doubles nothing', async () => {
  const fake = fakeStore();
  const given = await options(`${HEADER}\nSMKT001,2026-07-20 10:00,,Milk,1.50\n`);
  await loadFiles(fake.store, given);
  fake.products.set('milk', { product_id: 'milk', name: 'Milk', unit_price_minor: 160 });
  // A blank line more, so that it is not the very same file.
  await appendFile(given.purchases, '\n');
  expect(await loadFiles(fake.store, { ...given, timeZone: 'UTC' })).toMatchObject({
    loaded: 0,
    duplicates: 1,
    rejected: 0,
  });
});

describe('the identity of a row', () => {
  const row = `SMKT001,2026-07-20 10:00:00,${USER},"Milk,Bread",3.70`;

  test('equal rows are as many sales, however they are written, and the file again loads none', async () => {
    const rows = [
      row,
      `smkt001,2026-07-20T10:00,${USER.toUpperCase()},"MILK , bread",3.7`,
      `SMKT001,2026-07-20 10:00:00,${USER},"Bread,Milk",3.70`,
      row,
    ];
    const { summary, fake } = await loadRows(rows.join('\n'));
    expect(summary).toMatchObject({ rows: 4, loaded: 4, duplicates: 0, rejected: 0 });
    // One more of them in a longer export: only that one is new.
    const longer = await loadFiles(fake.store, await options(`${HEADER}\n${[...rows, row].join('\n')}`));
    expect(longer).toMatchObject({ rows: 5, loaded: 1, duplicates: 4 });
  });

  test('is its receipt number in its branch where it has one', async () => {
    const rows = [
      `${row},R-1`,
      `${row},R-2`,
      `${row},`,
      `${row}, R-1 `,
      `${row.replace('SMKT001', 'SMKT002')},R-1`,
      `${row.replace('10:00:00', '10:00:01')},R-2`,
      `${row},${'9'.repeat(101)}`,
    ];
    const fake = fakeStore();
    const given = await options(`${HEADER},Receipt_Number\n${rows.join('\n')}`);
    const summary = await loadFiles(fake.store, given);
    expect(summary).toMatchObject({ rows: 7, loaded: 4, duplicates: 1, rejected: 2 });
    expect(summary.reasons).toEqual({
      'the receipt number is that of another purchase or return, or its customer was forgotten': 1,
      'receipt_number: is longer than 100 characters': 1,
    });
    expect(await loadFiles(fake.store, given)).toMatchObject({ loaded: 0, duplicates: 5, rejected: 2 });
  });

  test('an empty user_id and the zero UUID are no customer', async () => {
    const zero = '00000000-0000-0000-0000-000000000000';
    const { purchases } = await loadRows(['', ' ', zero].map((user) => row.replace(USER, user)).join('\n'));
    expect(purchases.map(({ customer_id }) => customer_id)).toEqual([null, null, null]);
  });

  test("a card's number means the customer that it means at a till", async () => {
    const { purchases } = await loadRows(row.replace(USER, ' card 7'));
    expect(purchases.map(({ customer_id }) => customer_id)).toEqual([customerIdOf('card 7')]);
  });
});

test('a file loaded whole is not loaded again; one with rejected rows is, since the catalog may know more now', async () => {
  const fake = fakeStore();
  const given = await options(`${HEADER}\nSMKT001,2026-07-20 10:00,,Milk,1.50\nSMKT001,2026-07-20 10:01,,Tea,3.00\n`);
  expect(await loadFiles(fake.store, given)).toMatchObject({ loaded: 1, rejected: 1 });
  await writeFile(given.products, `${PRODUCTS}Tea,3.00\n`);
  expect(await loadFiles(fake.store, given)).toMatchObject({ loaded: 1, duplicates: 1, loadedBefore: undefined });
  const sent = fake.batches.length;
  const again = await loadFiles(fake.store, given);
  expect(again).toMatchObject({ rows: 2, loaded: 0, duplicates: 2, rejected: 0, loadedBefore: expect.any(Date) });
  expect(summaryText(again)).toContain('is not read again');
  expect(fake.batches.length).toBe(sent);
});

describe('the catalog', () => {
  const row = 'SMKT001,2026-07-20 10:00,,Milk,1.50';

  test('of history adds what is new and changes nothing that is there; a list alone sets what is true today', async () => {
    const fake = fakeStore();
    fake.products.set('milk', { product_id: 'milk', name: 'Whole Milk', unit_price_minor: 170 });
    fake.branches.set('SMKT001', { branch_id: 'SMKT001', name: 'Ours', country: 'PT' });
    const given = await options(`${HEADER}\n${row}\n`);
    const branches = join(folder, 'branches.csv');
    await writeFile(branches, 'branch_id,name,country\nsmkt001,Theirs,ES\nSMKT002,Second,ES\n');
    const names = () => [...fake.products.values(), ...fake.branches.values()].map(({ name }) => name);

    const summary = await loadFiles(fake.store, { ...given, branches });
    expect(names()).toEqual(['Whole Milk', 'Bread', 'Orange Juice', 'Ours', 'Second']);
    expect(fake.products.get('milk')?.unit_price_minor).toBe(170);
    expect(summary.catalog).toMatchObject([
      { what: 'products', changed: 2, otherPrices: 1 },
      { what: 'branches', changed: 1 },
    ]);
    expect(summaryText(summary)).toContain('1 cost something else today, which stays');

    await loadFiles(fake.store, { ...given, branches, purchases: undefined });
    expect(names()).toEqual(['Milk', 'Bread', 'Orange Juice', 'Theirs', 'Second']);
    expect(fake.products.get('milk')?.unit_price_minor).toBe(150);
  });

  test('without a file of branches has those that good rows name', async () => {
    const fake = fakeStore();
    fake.branches.set('smkt001', { branch_id: 'smkt001', name: 'Ours', country: '' });
    const rows = [row, row.replace('SMKT001', 'nord-1'), row.replace('SMKT001', 'BAD').replace('Milk', 'Beer')];
    const summary = await loadFiles(fake.store, await options(`${HEADER}\n${rows.join('\n')}`));
    expect(summary).toMatchObject({ loaded: 2, rejected: 1, newBranches: ['NORD-1'] });
    expect([...fake.branches.values()].map(({ name }) => name)).toEqual(['Ours', 'NORD-1']);
    expect([...fake.purchases.values()].map(({ branch_id }) => branch_id).sort()).toEqual(['NORD-1', 'smkt001']);
  });

  test('with a file of branches: a branch that it does not name is a mistake', async () => {
    const fake = fakeStore();
    const branches = join(folder, 'branches.csv');
    await writeFile(branches, 'branch_id,name,country\nSMKT001,First,DE\n');
    const given = await options(`${HEADER}\n${row}\n${row.replace('SMKT001', 'SMKT009')}\n`, { branches });
    expect(await loadFiles(fake.store, given)).toMatchObject({ loaded: 1, rejected: 1 });
    expect([...fake.branches.keys()]).toEqual(['SMKT001']);
  });

  test('a bad product stops nothing: it stands in a reject file, and a sale of it is rejected', async () => {
    const fake = fakeStore();
    const rows = [row, row.replace('Milk', 'Coca Cola'), row.replace('Milk', 'COCA-cola')].join('\n');
    const given = await options(`${HEADER}\n${rows}\n`);
    await writeFile(given.products, `${PRODUCTS}${'x'.repeat(101)},1.00\nCoca Cola,1.50\nCoca-Cola,1.50\n`);
    const summary = await loadFiles(fake.store, given);
    expect(summary).toMatchObject({ loaded: 2, rejected: 1, reasons: { 'items_list: two names share an id …': 1 } });
    const [products] = summary.catalog;
    expect(products?.rejected.map(({ line }) => line)).toEqual([5, 7]);
    expect(await rejectsIn(products?.rejects ?? '')).toMatchObject([
      { line: '5' },
      { line: '7', text: 'Coca-Cola,1.50' },
    ]);
    expect(summaryText(summary)).toContain('line 5: product_name: is longer than 100 characters');
  });
});

test('other columns are kept with each purchase and reported', async () => {
  const text = `note,${HEADER},Till\nhello,SMKT001,2026-07-20 10:00,,Milk,1.50,7\n,SMKT001,never,,Milk,1.50,7\n`;
  const fake = fakeStore();
  const summary = await loadFiles(fake.store, await options(text));
  expect(summary).toMatchObject({ loaded: 1, rejected: 1, extra: ['note', 'Till'] });
  expect([...fake.kept.values()]).toEqual([{ note: 'hello', Till: '7' }]);
  expect(summaryText(summary)).toContain('Other columns, kept with each purchase: note, Till');
});

test('rejects are counted by reason, each row once, and all rows add up', async () => {
  const row = 'SMKT001,2026-07-20 10:00,,Milk,1.50';
  const { summary } = await loadRows(
    [row, row.replace('Milk', 'Beer'), row.replace('Milk', 'Wine'), row.replace('1.50', '9'), 'x,y'].join('\n'),
  );
  expect(summary.reasons).toEqual({
    'items_list: unknown product …': 2,
    'total_amount: the prices add up to …': 1,
    "the number of columns is not the header's …": 1,
  });
  const { rows, loaded, duplicates, reasons } = summary;
  expect(loaded + duplicates + Object.values(reasons).reduce((sum, count) => sum + count, 0)).toBe(rows);
  expect(summaryText(summary)).toMatch(/5 rows read, 1 loaded, 0 duplicates, 4 rejected/);
  expect(summaryText(summary)).toMatch(/^ +2 {2}items_list: unknown product …$/m);
  expect(summaryText(summary)).toMatch(/All other rows are loaded\.$/);
  expect(nothingLoaded(summary)).toBe(false);
});

test('a file of which nothing loads says so', async () => {
  const { summary } = await loadRows('SMKT001,2026-07-20 10:00,,Beer,1.50\n');
  expect(nothingLoaded(summary)).toBe(true);
  expect(summaryText(summary)).toMatch(/Nothing could be loaded\.$/);
  expect(nothingLoaded((await loadRows('')).summary)).toBe(false);
});

test('nothing in a reject file is a formula for a spreadsheet', async () => {
  const bad = ['=HYPERLINK("x"),1', '@SUM(1),,,,', '+1,,,,', '-1,,,,', '=1,"\n",', 'SMKT001,=2,,Milk,1.50'];
  const { rejects } = await loadRows(bad.join('\n'));
  expect(rejects.map(({ text }) => text)).toEqual(bad.map((text) => (/^[=@+-]/.test(text) ? `'${text}` : text)));
});

test('nothing goes anywhere while a file is not what it should be', async () => {
  const fake = fakeStore();
  const given = await options('supermarket_id,timestamp\n');
  await expect(loadFiles(fake.store, given)).rejects.toThrow('lacks user_id, items_list, total_amount');
  expect([fake.products.size, fake.branches.size]).toEqual([0, 0]);
});

describe('a file of some thousand rows', { timeout: 60_000 }, () => {
  const ROWS = 6_000;
  const demo = async () => {
    const given = await options('');
    const until = Date.UTC(2026, 10, 20);
    const files = await generateFiles(join(folder, 'demo'), {
      purchases: ROWS,
      seed: 1,
      days: 31,
      until,
      customers: 800,
      decimals: 2,
    });
    return { ...given, ...files };
  };

  test('loads, and loads again without changing anything', async () => {
    const fake = fakeStore();
    const given = await demo();
    const seen: number[] = [];
    const first = await loadFiles(fake.store, { ...given, onProgress: ({ bytes }) => seen.push(bytes) });
    expect(first).toMatchObject({ rows: ROWS, loaded: ROWS, duplicates: 0, rejected: 0 });
    expect(seen.at(-1)).toBe(first.totalBytes);
    expect(fake.batches.length).toBeLessThan(30);
    await appendFile(given.purchases, '\n');
    expect(await loadFiles(fake.store, given)).toMatchObject({ rows: ROWS, loaded: 0, duplicates: ROWS, rejected: 0 });
    expect(fake.purchases.size).toBe(ROWS);
  });

  test('stopped in the middle, it goes on where it was', async () => {
    const fake = fakeStore();
    const given = await demo();
    const stop = new AbortController();
    fake.hooks.after = () => {
      if (fake.batches.length === 3) stop.abort();
    };
    const first = await loadFiles(fake.store, { ...given, signal: stop.signal });
    expect(first.interrupted).toBe(true);
    expect(first.loaded).toBeLessThan(ROWS);
    fake.hooks.after = undefined;
    const there = fake.purchases.size;
    expect(there).toBeGreaterThan(0);
    expect(await loadFiles(fake.store, given)).toMatchObject({
      loaded: ROWS - there,
      duplicates: there,
      interrupted: false,
    });
    expect(fake.purchases.size).toBe(ROWS);
  });

  test('a call that never ends does not hold a stop up', async () => {
    const fake = fakeStore();
    const stop = new AbortController();
    fake.hooks.before = () => {
      stop.abort();
      return new Promise(() => {});
    };
    expect(await loadFiles(fake.store, { ...(await demo()), signal: stop.signal })).toMatchObject({
      interrupted: true,
    });
  });

  test('connections that break before or after the commit cost nothing and double nothing', async () => {
    const fake = fakeStore();
    let calls = 0;
    const flaky = () => {
      calls++;
      if (calls % 5 === 1) throw new PassingError('connection lost');
    };
    fake.hooks.before = flaky;
    fake.hooks.after = flaky;
    const summary = await loadFiles(fake.store, await demo());
    expect(summary.loaded + summary.duplicates).toBe(ROWS);
    expect(summary.retries).toBeGreaterThan(0);
    expect(fake.purchases.size).toBe(ROWS);
  });

  test('an error that does not pass ends the load at once, and says which', async () => {
    const fake = fakeStore();
    fake.hooks.before = () => {
      throw new Error('no such function');
    };
    await expect(loadFiles(fake.store, await demo())).rejects.toThrow('no such function');
  });

  test('reading waits for recording', async () => {
    const fake = fakeStore();
    const given = await demo();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    fake.hooks.before = () => held;
    let rows = 0;
    const loading = loadFiles(fake.store, { ...given, onProgress: (progress) => (rows = progress.rows) });
    for (let turn = 0; turn < 200; turn++) await setImmediate();
    expect(fake.batches.length).toBe(0);
    expect(rows).toBeLessThan(ROWS);
    release();
    expect(await loading).toMatchObject({ loaded: ROWS });
  });
});
