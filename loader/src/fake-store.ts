import type { PurchaseInput, PurchaseOutcome } from '@tillstream/pos-api/record-purchases';
import type { Store } from './store.ts';

/** What passes by itself, as a lost connection does. */
export class PassingError extends Error {}

/** The system in memory, for tests: as strict as Postgres about keys and sums, and it breaks when told to. */
export const fakeStore = (currency = 'EUR') => {
  const products = new Map<string, { product_id: string; unit_price_minor: number }>();
  const branches = new Map<string, { branch_id: string; name: string }>();
  const purchases = new Map<string, PurchaseInput>();
  const batches: number[] = [];
  /** Called before a batch is recorded and after; what it throws is the batch's failure. */
  const hooks: { before?: () => void | Promise<void>; after?: () => void } = {};

  const answer = (given: PurchaseInput): PurchaseOutcome => {
    const known = purchases.get(given.idempotency_key);
    if (known !== undefined) return { outcome: 'replayed', purchase_id: given.fingerprint };
    const sum = given.items.reduce((total, id) => total + (products.get(id)?.unit_price_minor ?? Number.NaN), 0);
    if (sum !== given.expected_total_minor) {
      return { outcome: 'refused', faults: [{ pointer: '#/total_minor', detail: 'is not the sum' }] };
    }
    purchases.set(given.idempotency_key, given);
    return { outcome: 'recorded', purchase_id: given.fingerprint };
  };

  const store: Store = {
    upsertProducts: async (given) => given.forEach((product) => void products.set(product.product_id, product)),
    upsertBranches: async (given) => given.forEach((branch) => void branches.set(branch.branch_id, branch)),
    currency: async () => currency,
    listProducts: async () => [...products.values()],
    listBranches: async () => [...branches.values()],
    recordPurchases: async (batch) => {
      await hooks.before?.();
      batches.push(batch.length);
      const answers = batch.map(answer);
      hooks.after?.();
      return answers;
    },
    isPassing: (error) => error instanceof PassingError,
    close: async () => {},
  };
  return { store, products, branches, purchases, batches, hooks };
};
