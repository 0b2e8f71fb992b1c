import type { PurchaseEvent } from '@tillstream/schemas/events';

const BRANCHES = 20;
const PRODUCTS = 50;
const CUSTOMERS = 100_000;
const DAYS = 30;
const BEGINS = Date.UTC(2025, 9, 20);

const uuid = (kind: string, n: number) => `00000000-0000-4000-${kind}-${String(n).padStart(12, '0')}`;

/** The purchase that makes a customer loyal, counted from 0. */
const LOYAL = 2;

/**
 * The n-th of so many recorded purchases, evenly over thirty days, one to four products in each, a card in nine of ten. Each customer buys
 * once in as many purchases as there are customers, always in the same branch.
 */
export const pipelineEvent = (n: number, of: number): PurchaseEvent => {
  const momentOf = (purchase: number) =>
    new Date(BEGINS + Math.floor((purchase / of) * DAYS * 86_400_000)).toISOString();
  const soldAt = momentOf(n);
  const items = Array.from({ length: 1 + (n % 4) }, (_, place) => ({
    product_id: `product-${(n * 31 + place * 7) % PRODUCTS}`,
    quantity: 1 + (n % 3),
    unit_price_minor: 100 + place,
  }));
  const total_minor = items.reduce((sum, { quantity, unit_price_minor }) => sum + quantity * unit_price_minor, 0);
  const number = 1 + ((n * 7919) % CUSTOMERS);
  const before = Math.floor(n / CUSTOMERS);
  const first = momentOf(n % CUSTOMERS);
  const loyal = momentOf((n % CUSTOMERS) + LOYAL * CUSTOMERS);
  const totals = {
    purchases: 1 + before,
    spent_minor: total_minor,
    loyal_since: before >= LOYAL ? loyal : null,
    first_sold_at: first,
    last_sold_at: soldAt,
    first_sold_before: before > 0 ? first : null,
    loyal_before: before > LOYAL ? loyal : null,
    revision: 1 + n,
  };
  const id = uuid('8000', n);
  return {
    specversion: '1.0',
    id: `${id}/1`,
    source: '/pos-api',
    subject: id,
    time: soldAt,
    datacontenttype: 'application/json',
    type: 'pos.purchase.recorded.v1',
    data: {
      purchase_id: id,
      version: 1,
      status: 'recorded',
      branch_id: `SMKT${String(1 + (n % BRANCHES)).padStart(3, '0')}`,
      sold_at: soldAt,
      recorded_at: soldAt,
      currency: 'EUR',
      total_minor,
      items,
      customer: n % 10 === 0 ? null : { customer_id: uuid('9000', number), number, ...totals, branch: totals },
    },
  };
};
