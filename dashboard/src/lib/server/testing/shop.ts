import type { PosEvent, PurchaseState } from '@tillstream/schemas/events';

/** Products and branches of the shop that tests and development use. */
export const PRODUCTS = [
  { product_id: 'milk', name: 'Milk', unit_price_minor: 129 },
  { product_id: 'bread', name: 'Bread', unit_price_minor: 249 },
  { product_id: 'orange-juice', name: 'Orange juice', unit_price_minor: 315 },
  { product_id: 'eggs', name: 'Eggs', unit_price_minor: 289 },
  { product_id: 'coffee', name: 'Coffee', unit_price_minor: 799 },
  { product_id: 'butter', name: 'Butter', unit_price_minor: 219 },
];

export const BRANCHES = [
  { branch_id: 'SMKT001', name: 'Riverside', country: 'DE' },
  { branch_id: 'SMKT002', name: 'Old Town', country: 'DE' },
  { branch_id: 'SMKT003', name: 'Harbour', country: 'NL' },
];

const envelope = (subject: string, version: number, time: string) => ({
  specversion: '1.0' as const,
  id: `${subject}/${version}`,
  source: '/pos-api' as const,
  subject,
  time,
  datacontenttype: 'application/json' as const,
});

export const catalogEvents = (): PosEvent[] => [
  ...PRODUCTS.map((product) => ({
    ...envelope(product.product_id, 1, '2026-01-01T00:00:00.000Z'),
    type: 'pos.product.changed.v1' as const,
    data: { ...product, currency: 'EUR', active: true, revision: 1 },
  })),
  ...BRANCHES.map((branch) => ({
    ...envelope(branch.branch_id, 1, '2026-01-01T00:00:00.000Z'),
    type: 'pos.branch.changed.v1' as const,
    data: { ...branch, revision: 1 },
  })),
];

/** The event that tells of a purchase's state. */
const purchaseEvent = (data: PurchaseState): PosEvent => ({
  ...envelope(data.purchase_id, data.version, data.recorded_at),
  type: data.status === 'voided' ? 'pos.purchase.voided.v1' : 'pos.purchase.recorded.v1',
  data,
});

/** A purchase as a shop would remember it; `customer` is the customer's number, 0 without a card. */
export interface Sale {
  branch_id: string;
  customer: number;
  sold_at: number;
  products: string[];
  voided: boolean;
}

const THRESHOLD = 3;

const uuid = (kind: number, number: number): string =>
  `00000000-0000-4000-800${kind}-${number.toString(16).padStart(12, '0')}`;

/**
 * The events Postgres would write for these sales in their order: each sale is recorded, later those that are void
 * are voided, and every event carries its customer's totals after it.
 */
export const salesEvents = (sales: readonly Sale[]): PosEvent[] => {
  const alive = new Map<string, Set<Sale>>();
  const revisions = new Map<string, number>();
  const milestones = new Map<string, { first_sold_at: string | null; loyal_since: string | null }>();

  const totals = (key: string) => {
    const revision = (revisions.get(key) ?? 0) + 1;
    revisions.set(key, revision);
    const times = [...(alive.get(key) ?? [])].map((sale) => sale.sold_at).sort((a, b) => a - b);
    const at = (index: number) => {
      const time = times.at(index);
      return time === undefined ? null : new Date(time).toISOString();
    };
    const before = milestones.get(key);
    const now = { first_sold_at: at(0), loyal_since: times.length < THRESHOLD ? null : at(THRESHOLD - 1) };
    milestones.set(key, now);
    return {
      purchases: times.length,
      spent_minor: [...(alive.get(key) ?? [])].reduce((sum, sale) => sum + totalOf(sale), 0),
      ...now,
      last_sold_at: at(-1),
      first_sold_before: before?.first_sold_at ?? null,
      loyal_before: before?.loyal_since ?? null,
      revision,
    };
  };

  const event = (sale: Sale, index: number, version: number): PosEvent => {
    for (const key of [`${sale.customer}`, `${sale.customer}@${sale.branch_id}`]) {
      const set = alive.get(key) ?? new Set();
      alive.set(key, set);
      if (version === 1) set.add(sale);
      else set.delete(sale);
    }
    return purchaseEvent({
      purchase_id: uuid(0, index + 1),
      version,
      status: version === 1 ? 'recorded' : 'voided',
      branch_id: sale.branch_id,
      sold_at: new Date(sale.sold_at).toISOString(),
      recorded_at: new Date(sale.sold_at).toISOString(),
      currency: 'EUR',
      total_minor: totalOf(sale),
      items: sale.products.map((product_id) => ({ product_id, quantity: 1, unit_price_minor: priceOf(product_id) })),
      customer:
        sale.customer === 0
          ? null
          : {
              customer_id: uuid(1, sale.customer),
              number: sale.customer,
              ...totals(`${sale.customer}`),
              branch: totals(`${sale.customer}@${sale.branch_id}`),
            },
    });
  };

  return [
    ...sales.map((sale, index) => event(sale, index, 1)),
    ...sales.flatMap((sale, index) => (sale.voided ? [event(sale, index, 2)] : [])),
  ];
};

export const priceOf = (product_id: string): number =>
  PRODUCTS.find((product) => product.product_id === product_id)?.unit_price_minor ?? 100;

export const totalOf = (sale: Sale): number => sale.products.reduce((sum, product) => sum + priceOf(product), 0);

/** Numbers from 0 to 1 that are the same for the same seed. */
export const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
