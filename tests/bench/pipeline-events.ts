import type { PurchaseEvent } from '@tillstream/schemas/events';

const BRANCHES = 20;
const PRODUCTS = 50;
const CUSTOMERS = 100_000;
const DAYS = 30;
const BEGINS = Date.UTC(2025, 9, 20);

const uuid = (kind: string, n: number) => `00000000-0000-4000-${kind}-${String(n).padStart(12, '0')}`;

/** The n-th of so many recorded purchases, evenly over thirty days, one to four products in each, a card in nine of ten. */
export const pipelineEvent = (n: number, of: number): PurchaseEvent => {
  const soldAt = new Date(BEGINS + Math.floor((n / of) * DAYS * 86_400_000)).toISOString();
  const items = Array.from({ length: 1 + (n % 4) }, (_, place) => ({
    product_id: `product-${(n * 31 + place * 7) % PRODUCTS}`,
    quantity: 1 + (n % 3),
    unit_price_minor: 100 + place,
  }));
  const total_minor = items.reduce((sum, { quantity, unit_price_minor }) => sum + quantity * unit_price_minor, 0);
  const number = 1 + ((n * 7919) % CUSTOMERS);
  const totals = {
    purchases: 1 + Math.floor(n / CUSTOMERS),
    spent_minor: total_minor,
    loyal_since: null,
    first_sold_at: soldAt,
    last_sold_at: soldAt,
    first_sold_before: null,
    loyal_before: null,
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
