import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { customerIdOf } from '@tillstream/schemas/customer-id';
import Papa from 'papaparse';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeStore } from '../fake-store.ts';
import { type LoadFilesOptions, loadFiles } from '../load-files.ts';
import { nothingLoaded, summaryText } from '../summary.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'receipts-'));
});
afterEach(() => rm(folder, { recursive: true }));

const HEADER =
  'receipt_number,timestamp,branch_id,customer_id,product,quantity,unit_price,discount,category,country,segment';

const loadText = async (text: string, more: Partial<LoadFilesOptions> = {}, fake = fakeStore()) => {
  const receipts = join(folder, 'receipts.csv');
  await writeFile(receipts, text);
  const rules = { timeZone: 'Europe/Berlin', chainSince: '2000-01-01' };
  const summary = await loadFiles(fake.store, { receipts, rejects: join(folder, 'rejects'), ...rules, ...more });
  const rejects =
    summary.rejects === undefined
      ? []
      : Papa.parse<{ line: string; reason: string }>(await readFile(summary.rejects, 'utf8'), {
          header: true,
          skipEmptyLines: true,
        }).data.map(({ line, reason }) => `${line}: ${reason}`);
  return { summary, rejects, fake, purchases: [...fake.purchases.values()] };
};
const loadRows = (rows: string[], more?: Partial<LoadFilesOptions>, fake?: ReturnType<typeof fakeStore>) =>
  loadText([HEADER, ...rows].join('\n'), more, fake);

const BREAD = 'R1,2026-07-20 10:00,smkt001,,Bread,2,3.20,0.40,Bakery,DE,gold';
const CHEESE = 'R1,2026-07-20 10:00,SMKT001,card 7,Cheese,0.735,18.90,,Deli,DE,gold';
const OTHER = 'R2,2026-07-20 10:05,SMKT001,,Bread,1,3.00,,,,';

test('rows of a receipt need not be neighbours; products and branches that nobody knew are made', async () => {
  const { summary, purchases, fake } = await loadRows([BREAD, OTHER, CHEESE]);
  expect(summary).toMatchObject({ rows: 3, loaded: 3, rejected: 0, recorded: 2, amountMinor: 600 + 1389 + 300 });
  expect(purchases.find(({ receipt_number }) => receipt_number === 'R1')).toMatchObject({
    idempotency_key: 'receipt:SMKT001:R1',
    branch_id: 'SMKT001',
    customer_id: customerIdOf('card 7'),
    sold_at: '2026-07-20T08:00:00.000Z',
    items: ['bread', 'cheese'],
    quantities: [2, 0.735],
    unit_prices_minor: [320, 1890],
    discounts_minor: [40, 0],
    any_price: true,
    expected_total_minor: 1989,
  });
  expect([...fake.products.values()]).toEqual([
    { product_id: 'bread', name: 'Bread', category: 'Bakery', unit: 'piece', unit_price_minor: 320, open_price: true },
    { product_id: 'cheese', name: 'Cheese', category: 'Deli', unit: 'kg', unit_price_minor: 1890, open_price: true },
  ]);
  expect([...fake.branches.values()]).toEqual([{ branch_id: 'SMKT001', name: 'smkt001', country: 'DE' }]);
  expect([...fake.kept.values()]).toContainEqual({ segment: 'gold' });
  expect(summaryText(summary)).toContain('Purchases loaded: 2, 22.89 EUR in all.');
});

test('a product that is known keeps its price, and the receipt its own', async () => {
  const fake = fakeStore();
  await fake.store.addProducts([{ product_id: 'bread', name: 'Bread', unit_price_minor: 999 }]);
  const { summary } = await loadRows([BREAD], {}, fake);
  expect(summary).toMatchObject({ loaded: 1, newProducts: [] });
  expect(fake.products.get('bread')).toEqual({ product_id: 'bread', name: 'Bread', unit_price_minor: 999 });
});

test('again loads none, in whatever order the rows stand; the same number with other content is rejected', async () => {
  const { fake } = await loadRows([BREAD, CHEESE, OTHER]);
  expect((await loadRows([OTHER, CHEESE, BREAD], {}, fake)).summary).toMatchObject({ loaded: 0, duplicates: 3 });
  const { summary, rejects } = await loadRows([OTHER.replace('3.00', '3.10')], {}, fake);
  expect(rejects).toEqual([
    '2: the receipt number is that of another purchase or return, or its customer was forgotten',
  ]);
  expect(nothingLoaded(summary)).toBe(true);
});

test('a number that stands on rows of two sales: the first is loaded, the rows of the second name both lines', async () => {
  const { summary, rejects } = await loadRows([BREAD, OTHER, BREAD.replace('10:00', '11:00')]);
  expect(summary).toMatchObject({ rows: 3, loaded: 2, rejected: 1 });
  expect(rejects).toEqual(['4: receipt_number: stands on another row with another time or customer: lines 2 and 4']);
});

test('a receipt of which one row cannot be understood is not loaded in part', async () => {
  const { summary, rejects } = await loadRows([BREAD, CHEESE.replace('0.735', 'some'), OTHER]);
  expect(summary).toMatchObject({ rows: 3, loaded: 1, rejected: 2 });
  expect(rejects).toEqual([
    '3: quantity: is not a quantity such as 2 or 0.735, at most 10000: "some"',
    '2: another row of the receipt is rejected: line 3',
  ]);
});

test('what the rule of the chain refuses is rejected and counted', async () => {
  const { summary } = await loadRows([BREAD, OTHER], {}, fakeStore('EUR', 1));
  expect(summary).toMatchObject({ loaded: 1, rejected: 1 });
  expect(summary.reasons).toEqual({ 'quantity: more than MAX_QUANTITY_PER_PRODUCT allows …': 1 });
});

test('of two names that share an id the second is a fault that names both', async () => {
  const { rejects } = await loadRows([OTHER, OTHER.replace('R2', 'R3').replace('Bread', 'BREAD')]);
  expect(rejects).toEqual([]);
  const row = (number: string, product: string) => `${number},2026-07-20 10:00,SMKT001,,${product},1,2.00,,,,`;
  const clash = await loadRows([row('R4', 'Orange Juice'), row('R5', 'orange-juice')]);
  expect(clash.rejects).toEqual([
    '3: product: two names share an id: "Orange Juice" (line 2) and "orange-juice" are both orange-juice',
  ]);
});

describe('what cannot be understood is named with its column', () => {
  test.each([
    [OTHER.replace('R2', ''), 'receipt_number: is empty'],
    [
      OTHER.replace('2026-07-20 10:05', '20/07/2026'),
      'timestamp: is not a date and time such as 2026-01-31 17:05: "20/07/2026"',
    ],
    [OTHER.replace('2026', '2999'), 'timestamp: is in the future'],
    [OTHER.replace('2026', '1999'), 'timestamp: is before CHAIN_SINCE'],
    [OTHER.replace('SMKT001', ''), 'branch_id: unknown branch ""'],
    [OTHER.replace('Bread', ''), 'product: is empty'],
    [OTHER.replace(',1,', ',0,'), 'quantity: is 0'],
    [OTHER.replace(',1,', ',0.1234,'), 'quantity: is not a quantity such as 2 or 0.735, at most 10000: "0.1234"'],
    [OTHER.replace('3.00', '"3,00"'), 'unit_price: is not an amount such as 12.30, at most 9999999.99: "3,00"'],
    [OTHER.replace('3.00', '-3.00'), 'unit_price: is below 0'],
    [OTHER.replace(',,,,', ',,,'), "the number of columns is not the header's: 10, not 11"],
  ])('%s: %s', async (row, reason) => {
    const { summary, rejects } = await loadRows([BREAD, row]);
    expect(rejects).toEqual([`3: ${reason}`]);
    expect(summary).toMatchObject({ rows: 2, loaded: 1, rejected: 1 });
  });

  test('a column that the map needs', async () => {
    const header = HEADER.replace('unit_price', 'price');
    await expect(loadText(`${header}\n${BREAD}\n`)).rejects.toThrow(
      'receipts.csv, line 1: the header lacks unit_price',
    );
  });

  test('a preset that does not exist', async () => {
    await expect(loadText(`${HEADER}\n${BREAD}\n`, { map: 'sales' })).rejects.toThrow('sales: is no preset');
  });
});

test('a check says what would happen and changes nothing', async () => {
  const fake = fakeStore('EUR', 5);
  await loadRows([OTHER], {}, fake);
  const rows = [OTHER, BREAD, CHEESE, OTHER.replace('R2', 'R3').replace(',1,', ',6,'), 'broken'];
  const { summary } = await loadRows(rows, { check: true }, fake);
  expect(summary).toMatchObject({
    rows: 5,
    loaded: 2,
    duplicates: 1,
    rejected: 2,
    recorded: 1,
    amountMinor: 1989,
    newProducts: ['Cheese'],
    rejects: undefined,
  });
  expect(summary.examples.map(({ line }) => line)).toEqual([6, 5]);
  expect([fake.purchases.size, fake.products.size, fake.kept.size]).toEqual([1, 1, 1]);
  expect(summaryText(summary)).toContain('Checked, nothing is changed: 5 rows read, 2 loaded');
  expect(summaryText(summary)).toContain("line 6: the number of columns is not the header's: 1, not 11");
  // Nothing was noted: the file can be loaded.
  expect((await loadRows(rows, {}, fake)).summary).toMatchObject({ loaded: 2, duplicates: 1, rejected: 2 });
});

test('a map of its own: dates, decimal mark, delimiter, a constant branch', async () => {
  const map = join(folder, 'map.yaml');
  await writeFile(
    map,
    `columns: {receipt_number: Bon, timestamp: [Datum, Uhrzeit], product: Artikel, quantity: Menge, amount: Betrag}
defaults: {branch: Mitte, country: DE, category: Backwaren}
date_format: DD.MM.YYYY HH:mm
decimal: ","
thousands: "."
delimiter: "|"
`,
  );
  const { summary, purchases, fake } = await loadText(
    'Bon|Datum|Uhrzeit|Artikel|Menge|Betrag|Kasse\n7|20.07.2026|10:00|Brötchen|3|10,00 €|K1\n8|20.07.2026|10:01|Käse|1,333|1.010,00|K1\n',
    { map },
  );
  expect(summary).toMatchObject({ loaded: 2, unused: ['Kasse'], newBranches: ['MITTE'], amountMinor: 102000 });
  // Two at 3.33 and one at 3.34.
  expect(purchases[0]).toMatchObject({
    items: ['brötchen', 'brötchen'],
    quantities: [2, 1],
    unit_prices_minor: [333, 334],
  });
  expect(fake.branches.get('MITTE')).toEqual({ branch_id: 'MITTE', name: 'Mitte', country: 'DE' });
  expect(fake.products.get('käse')).toMatchObject({ unit: 'kg', category: 'Backwaren' });
  expect(fake.kept.size).toBe(0);
});

describe('presets', () => {
  test('ventes', async () => {
    const { summary, purchases, fake } = await loadText(
      `vente_id,client_id,produit_id,timestamp,quantite,montant,client_nom,produit_nom,categorie,pays,segment
V1,C7,P1,2026-07-20 10:00:00,2,5.00,Anne,Pain,Boulangerie,France,Particulier
V2,,P2,2026-07-20 10:01:00,1,3.5,,Thé vert,Boissons,Côte d'Ivoire,Entreprise
V3,C7,P1,2026-07-20 10:02:00,-1,-2.50,Anne,Pain,Boulangerie,France,Particulier
V4,C7,P1,20/07/2026,1,2.50,Anne,Pain,Boulangerie,France,Particulier
`,
      { map: 'ventes' },
    );
    expect(summary).toMatchObject({
      rows: 4,
      loaded: 3,
      rejected: 1,
      amountMinor: 850,
      returned: 1,
      returnedMinor: 250,
    });
    expect(fake.returns).toEqual([
      expect.objectContaining({
        receipt_number: 'V3',
        original: null,
        customer_id: customerIdOf('C7'),
        items: ['pain'],
        quantities: ['1'],
      }),
    ]);
    expect(purchases[0]).toMatchObject({
      branch_id: 'FRANCE',
      customer_id: customerIdOf('C7'),
      unit_prices_minor: [250],
    });
    expect(fake.branches.get('COTE-D-IVOIRE')).toMatchObject({ name: "Côte d'Ivoire", country: "Côte d'Ivoire" });
    expect(fake.products.get('pain')).toMatchObject({ category: 'Boulangerie', sku: 'P1', unit_price_minor: 250 });
    expect([...fake.kept.values()][0]).toEqual({ segment: 'Particulier' });
    expect(summary.unused).toEqual(['client_nom']);
  });

  test('square-items', async () => {
    const zone = 'Eastern Time (US & Canada)';
    const { summary, rejects, purchases, fake } = await loadText(
      `Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,Event Type,Location,Customer ID
2026-01-05,08:30:00,${zone},Coffee,Latte,2.0,Regular,L-1,$9.00,-$1.00,$8.00,$0.71,T1,Payment,Main Street,CUST1
1/5/26,8:30:00,${zone},Food,"Ham, sliced",0.25,Regular,,"$1,000.00",$0.00,"$1,000.00",$0.00,T1,Payment,Main Street,CUST1
2026-01-06,09:00:00,${zone},Coffee,Latte,-1.0,Regular,L-1,-$4.50,$0.00,-$4.50,-$0.40,T2,Refund,Main Street,CUST1
`,
      { map: 'square-items' },
    );
    expect(rejects).toEqual([]);
    expect(summary).toMatchObject({
      loaded: 3,
      recorded: 1,
      amountMinor: 800 + 100_000,
      returned: 1,
      returnedMinor: 450,
    });
    expect(fake.returns[0]).toMatchObject({
      branch_id: 'MAIN-STREET',
      receipt_number: 'T2',
      returned_at: '2026-01-06T14:00:00.000Z',
      items: ['latte'],
      quantities: ['1'],
      expected_total_minor: 450,
    });
    expect(purchases[0]).toMatchObject({
      branch_id: 'MAIN-STREET',
      sold_at: '2026-01-05T13:30:00.000Z',
      items: ['latte', 'ham,-sliced'],
      quantities: [2, 0.25],
      unit_prices_minor: [450, 400_000],
      discounts_minor: [100, 0],
      receipt_number: 'T1',
    });
    expect(fake.products.get('ham,-sliced')).toMatchObject({ name: 'Ham, sliced', unit: 'kg' });
    expect(fake.branches.get('MAIN-STREET')).toMatchObject({ name: 'Main Street' });
  });

  test('shopify-orders', async () => {
    const { summary, rejects, purchases, fake } = await loadText(
      `Name,Email,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem discount,Lineitem sku,Subtotal,Shipping,Taxes,Total,Discount Amount,Payment Method,Cancelled at,Refunded Amount,Vendor
#1001,a@example.com,2026-01-05 10:00:00 -0500,2,Mug,10.00,0.00,MUG,22.50,5.00,0.00,27.50,2.50,Shopify Payments,,0.00,Acme
#1001,a@example.com,,1,Tea,5.00,0.00,TEA,,,,,,,,,Acme
#1002,,2026-01-06 10:00:00 +0100,1,Mug,10.00,0.00,MUG,10.00,0,0,10.00,0.00,Cash,2026-01-07 10:00:00 +0100,0.00,Acme
#1002,,,1,Tea,5.00,0.00,TEA,,,,,,,,,Acme
#1003,,2026-01-06 10:00:00 +0100,1,Mug,10.00,0.00,MUG,10.00,0,0,10.00,0.00,Cash,,10.00,Acme
#1004,,2026-01-06 10:00:00 +0100,2,Mug,10.00,0.00,MUG,20.00,0,0,20.00,0.00,Cash,,10.00,Acme
`,
      { map: 'shopify-orders' },
    );
    expect(summary).toMatchObject({ rows: 6, loaded: 3, rejected: 3, recorded: 2, amountMinor: 3250, returned: 1 });
    expect(rejects).toEqual([
      '4: Cancelled at: the order was cancelled',
      '5: Cancelled at: the order was cancelled',
      '7: Refunded Amount: a part was given back, and the file does not say for which items: 10.00 of 20.00',
    ]);
    // The file does not say when: at the time of the order.
    expect(fake.returns).toEqual([
      expect.objectContaining({
        original: '#1003',
        items: ['mug'],
        returned_at: '2026-01-06T09:00:00.000Z',
        expected_total_minor: 1000,
      }),
    ]);
    expect(purchases.find((one) => one.receipt_number === '#1001')).toMatchObject({
      branch_id: 'SHOPIFY',
      channel: 'web',
      customer_id: customerIdOf('a@example.com'),
      sold_at: '2026-01-05T15:00:00.000Z',
      quantities: [2, 1],
      discount_minor: 250,
      tenders: [{ type: 'shopify payments', amount_minor: 2250 }],
      receipt_number: '#1001',
    });
  });
});
