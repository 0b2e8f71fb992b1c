import type { Scope } from '@tillstream/clickhouse/calendar/cover';
import { openGold } from '@tillstream/clickhouse/questions/gold';
import { sealAll } from '@tillstream/clickhouse/seal/sealer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EVERYTHING } from '../api/parameters.ts';
import { type Engine, startEngine } from '../testing/engine.ts';
import { catalogEvents, random, type Sale, salesEvents } from '../testing/shop.ts';
import { readSealer } from './pipeline/sealer.ts';
import { firstSaleSlot } from './sales/first-sale.ts';
import { newestSale } from './sales/newest-sale.ts';
import { readSameWeekdays } from './sales/same-weekdays.ts';
import { readToday } from './sales/today.ts';
import { readOpenVersion, readSealedState } from './versions.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LAST = Date.parse('2026-11-20T14:05:00Z');
const SHOP = { SHOP_TIMEZONE: 'Europe/Berlin', BUSINESS_DAY_START: '04:30' };

const next = random(11);
/** Seventy days, so that they begin before the slots that are kept; some of the second branch are void. */
const sales: Sale[] = Array.from({ length: 500 }, () => {
  const sold_at = LAST - Math.floor(next() * 70 * DAY);
  const branch_id = next() < 0.7 ? 'SMKT001' : 'SMKT002';
  return { branch_id, customer: 0, sold_at, products: ['milk'], voided: branch_id === 'SMKT002' && next() < 0.3 };
}).sort((a, b) => a.sold_at - b.sold_at);
const first = sales[0]?.sold_at ?? 0;

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
  await engine.send([...catalogEvents(), ...salesEvents(sales)]);
}, 120_000);
afterAll(() => engine?.close());

const SCOPES: Scope[] = [
  EVERYTHING,
  { ...EVERYTHING, branch: 'SMKT002' },
  { ...EVERYTHING, branch: 'SMKT003' },
  { from: first + 1, to: LAST - 3 * DAY - 12_345 },
  { from: LAST - 20 * DAY, to: LAST - 20 * DAY + 5 * HOUR, branch: 'SMKT001' },
  { from: LAST - HOUR, to: LAST + 1 },
];

/** What the dashboard asks by itself, of a shop that knows no older horizon. */
const answers = async () => {
  const gold = openGold(engine, SHOP, { shareMs: 0 });
  const { calendar } = gold;
  const found: unknown[] = [];
  for (const scope of SCOPES) found.push(await firstSaleSlot(gold, scope), await newestSale(gold, scope));
  for (const branch of [undefined, 'SMKT002']) {
    for (const day of [calendar.dayOf(LAST), calendar.dayOf(LAST - 3 * DAY)]) {
      found.push(await readSameWeekdays(gold, { branch, day }));
    }
  }
  found.push([...(await readToday(engine, { watched: [undefined, 'SMKT001'], now: LAST, calendar }))]);
  return found;
};

it('sealing changes no answer, and is told to whoever waits for changes', async () => {
  const { clock } = openGold(engine, SHOP);
  expect(await readSealer(engine, clock)).toEqual({ proved_at: null, sealed_until: null });
  const unsealed = await readSealedState(engine, clock);
  expect(unsealed.horizon).toBe(0);
  const fromFacts = await answers();
  expect(fromFacts[1]).toBe(new Date(sales.findLast(({ voided }) => !voided)?.sold_at ?? 0).toISOString());

  for (const now of [LAST - 2 * DAY, LAST]) {
    const horizon = await sealAll(engine, { shop: SHOP, now, graceMs: 0 });
    expect(LAST - horizon).toBeLessThan(LAST - now + 15 * 60_000);
    expect(await answers()).toEqual(fromFacts);
    const sealed = await readSealedState(engine, clock);
    expect(sealed.horizon).toBe(horizon);
    expect(sealed.version).not.toBe(unsealed.version);
    expect(await readSealedState(engine, clock)).toEqual(sealed);
    const { proved_at, sealed_until } = await readSealer(engine, clock);
    expect(sealed_until).toBe(new Date(horizon).toISOString());
    expect(Math.abs(Date.now() - Date.parse(proved_at ?? ''))).toBeLessThan(120_000);
  }
}, 120_000);

it('a late sale is seen when it is sealed, a sale since the horizon at once, a name when it comes', async () => {
  const { clock } = openGold(engine, SHOP);
  const before = await readSealedState(engine, clock);
  const open = await readOpenVersion(engine, before.horizon);
  const sale = (sold_at: number): Sale => ({
    branch_id: 'SMKT003',
    customer: 0,
    sold_at,
    products: ['milk'],
    voided: false,
  });
  const events = salesEvents([...sales, sale(LAST - 30 * DAY), sale(LAST + 1)]).filter(({ type, data }) => {
    return type === 'pos.purchase.recorded.v1' && data.branch_id === 'SMKT003';
  });
  await engine.send(events.slice(0, 1));
  expect(await readOpenVersion(engine, before.horizon)).toBe(open);
  expect(await readSealedState(engine, clock)).toEqual(before);
  await sealAll(engine, { shop: SHOP, now: LAST, graceMs: 0 });
  const sealed = await readSealedState(engine, clock);
  expect(sealed.version).not.toBe(before.version);
  const gold = openGold(engine, SHOP, { shareMs: 0 });
  const ofBranch = { ...EVERYTHING, branch: 'SMKT003' };
  expect(await newestSale(gold, ofBranch)).toBe(new Date(LAST - 30 * DAY).toISOString());

  await engine.send(events.slice(1));
  expect(await readOpenVersion(engine, before.horizon)).not.toBe(open);
  expect(await newestSale(gold, ofBranch)).toBe(new Date(LAST + 1).toISOString());

  const [product] = catalogEvents();
  if (product?.type !== 'pos.product.changed.v1') throw new Error('no product');
  await engine.send([{ ...product, data: { ...product.data, name: 'Fresh milk', revision: 2 } }]);
  expect((await readSealedState(engine, clock)).version).not.toBe(sealed.version);
}, 120_000);
