import { randomUUID } from 'node:crypto';
import { ensureDatabase } from '@tillstream/embedded/postgres';
import { upsertBranches, upsertProducts } from '@tillstream/pos-api/catalog';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';
import { migratePostgres } from '@tillstream/pos-api/postgres/migrate';
import type { PurchaseInput } from '@tillstream/pos-api/record-purchases';
import type pg from 'pg';

export const SETTINGS = {
  CURRENCY: 'EUR',
  LOYAL_THRESHOLD: 3,
  CHAIN_SINCE: '2000-01-01',
  SHOP_TIMEZONE: 'UTC',
  MAX_QUANTITY_PER_PRODUCT: 1,
};

export interface TestDatabase {
  url: string;
  pool: pg.Pool;
}

/** A database of its own on the test server, migrated, with two branches and four products; closed by the caller. */
export const makeDatabase = async (serverUrl: string): Promise<TestDatabase> => {
  const url = new URL(serverUrl);
  url.pathname = `/test_${randomUUID().replaceAll('-', '')}`;
  await ensureDatabase(url.href);
  await migratePostgres(url.href, SETTINGS);
  const pool = connectPostgres(url.href, 'test', 8);
  await upsertBranches(pool, [
    { branch_id: 'SMKT001', name: 'First', country: 'DE' },
    { branch_id: 'SMKT002', name: 'Second', country: 'FR' },
  ]);
  await upsertProducts(pool, [
    { product_id: 'milk', name: 'Milk', unit_price_minor: 150 },
    { product_id: 'bread', name: 'Bread', unit_price_minor: 320 },
    { product_id: 'eggs', name: 'Eggs', unit_price_minor: 299 },
    { product_id: 'orange-juice', name: 'Orange Juice', unit_price_minor: 410 },
  ]);
  return { url: url.href, pool };
};

/** A purchase that is right; fields can be replaced. */
export const purchase = (replaced: Partial<PurchaseInput> = {}): PurchaseInput => ({
  idempotency_key: randomUUID(),
  credential: 'test',
  fingerprint: 'ab'.repeat(32),
  branch_id: 'SMKT001',
  customer_id: null,
  sold_at: '2026-03-01T10:00:00.000Z',
  items: ['milk', 'bread'],
  ...replaced,
});
