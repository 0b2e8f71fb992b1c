import { expect, test } from 'vitest';
import { z } from 'zod';
import { posEvent, purchaseEvent } from './events.ts';

test('the published JSON Schema of the events is that of the code (after a change: npx vitest --project unit schemas/src/events -u)', async () => {
  // As they may be written: what has a default may be absent.
  const schema = z.toJSONSchema(posEvent, { io: 'input' });
  const published = {
    ...schema,
    $id: 'urn:tillstream:events:v1',
    title: 'Events of Tillstream on the topic pos.purchases',
  };
  await expect(`${JSON.stringify(published, null, 2)}\n`).toMatchFileSnapshot('../events.v1.schema.json');
});

test('an event of before there were discounts, tenders and weights can still be read', () => {
  const old = {
    specversion: '1.0',
    id: '01981c2e-0001-7000-8000-000000000001/1',
    source: '/pos-api',
    type: 'pos.purchase.recorded.v1',
    subject: '01981c2e-0001-7000-8000-000000000001',
    time: '2026-11-28T12:00:00.123Z',
    datacontenttype: 'application/json',
    data: {
      purchase_id: '01981c2e-0001-7000-8000-000000000001',
      version: 1,
      status: 'recorded',
      branch_id: 'SMKT001',
      sold_at: '2026-11-28T12:00:00.123Z',
      recorded_at: '2026-11-28T12:00:00.123Z',
      currency: 'EUR',
      total_minor: 150,
      items: [{ product_id: 'milk', quantity: 1, unit_price_minor: 150 }],
      customer: null,
    },
  };
  const { data } = purchaseEvent.parse(old);
  expect(data).toMatchObject({ discount_minor: 0, cashier: null, receipt_number: null, channel: 'pos', tenders: null });
  expect(data.items[0]).toMatchObject({ quantity: 1, discount_minor: 0 });
});
