import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BRANCH_COLUMNS, PRODUCT_COLUMNS, PURCHASE_COLUMNS } from '@tillstream/schemas/files';
import { fromMinor } from '@tillstream/schemas/values/money';
import { ASSORTMENT } from './demo/assortment.ts';
import { type HistoryOptions, historyRows, RECEIPT_COLUMNS } from './demo/history.ts';
import { type GenerateOptions, purchaseRows } from './purchases.ts';
import { BRANCHES, PRODUCTS } from './shop.ts';

/** Characters per write. */
const PIECE = 262_144;

/** Writes a file whole or not at all: it gets its name when it is finished. Waits for the disk at every piece. */
const writeCsv = async (path: string, columns: readonly string[], rows: Iterable<string>) => {
  const unfinished = `${path}.part`;
  const file = await open(unfinished, 'w');
  try {
    let piece = `${columns.join(',')}\n`;
    for (const row of rows) {
      piece += row;
      if (piece.length < PIECE) continue;
      await file.appendFile(piece);
      piece = '';
    }
    await file.appendFile(piece);
    await file.close();
    await rename(unfinished, path);
  } catch (error) {
    await file.close();
    await rm(unfinished, { force: true });
    throw error;
  }
};

/** The paths of a set of demo files. */
export interface DemoFiles {
  products: string;
  branches: string;
  purchases: string;
}

/** Writes products_list.csv, branches.csv and purchases.csv into a folder, which is made when it is not there. */
export const generateFiles = async (folder: string, options: GenerateOptions): Promise<DemoFiles> => {
  await mkdir(folder, { recursive: true });
  const files = {
    products: join(folder, 'products_list.csv'),
    branches: join(folder, 'branches.csv'),
    purchases: join(folder, 'purchases.csv'),
  };
  const products = PRODUCTS.map(
    ({ name, unit_price_minor }) => `${name},${fromMinor(unit_price_minor, options.decimals)}\n`,
  );
  const branches = BRANCHES.map(({ branch_id, name, country }) => `${branch_id},${name},${country}\n`);
  await writeCsv(files.products, PRODUCT_COLUMNS, products);
  await writeCsv(files.branches, BRANCH_COLUMNS, branches);
  await writeCsv(files.purchases, PURCHASE_COLUMNS, purchaseRows(options));
  return files;
};

/** The demo shop: products_list.csv with categories and units, branches.csv and receipts.csv. */
export const generateDemo = async (folder: string, options: HistoryOptions): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const products = ASSORTMENT.map(
    ({ name, unit_price_minor, category, unit }) =>
      `${[name, fromMinor(unit_price_minor, options.decimals), category, unit].join()}\n`,
  );
  const branches = BRANCHES.map(({ branch_id, name, country }) => `${branch_id},${name},${country}\n`);
  await writeCsv(join(folder, 'products_list.csv'), [...PRODUCT_COLUMNS, 'category', 'unit'], products);
  await writeCsv(join(folder, 'branches.csv'), BRANCH_COLUMNS, branches);
  await writeCsv(join(folder, 'receipts.csv'), RECEIPT_COLUMNS, historyRows(options));
};

/** As many customers as make a lively shop: on average four purchases each, one million at most. */
export const defaultCustomers = (purchases: number): number =>
  Math.min(1_000_000, Math.max(1, Math.round(purchases / 4)));
