import type { PurchaseInput, PurchaseOutcome } from '@tillstream/pos-api/record-purchases';
import type { Store } from './store.ts';

/** What passes by itself, as a lost connection does. */
export class PassingError extends Error {}

/** Puts entries into a map, over what is there or only beside it; answers how many are new or differ. */
const put = async <Entry>(
  into: Map<string, Entry>,
  entries: readonly Entry[],
  id: (entry: Entry) => string,
  over: boolean,
) => {
  let changed = 0;
  for (const entry of entries) {
    const known = into.get(id(entry));
    if (known !== undefined && (!over || JSON.stringify(known) === JSON.stringify(entry))) continue;
    into.set(id(entry), entry);
    changed++;
  }
  return { changed };
};

/** The system in memory, for tests: as strict as Postgres about keys and sums, and it breaks when told to. */
export const fakeStore = (currency = 'EUR') => {
  const products = new Map<string, { product_id: string; name: string; unit_price_minor: number }>();
  const branches = new Map<string, { branch_id: string; name: string; country: string }>();
  const kept = new Map<string, Record<string, string>>();
  const files = new Map<string, { loaded_at: Date; row_count: number }>();
  const purchases = new Map<string, PurchaseInput>();
  const batches: number[] = [];
  /** Called before a batch is recorded and after; what it throws is the batch's failure. */
  const hooks: { before?: () => void | Promise<void>; after?: () => void } = {};

  const answer = (given: PurchaseInput): PurchaseOutcome => {
    const known = purchases.get(given.idempotency_key);
    if (known?.fingerprint === given.fingerprint) return { outcome: 'replayed', purchase_id: given.idempotency_key };
    if (known !== undefined) return { outcome: 'conflict' };
    const sum = given.items.reduce((total, id) => total + (products.get(id)?.unit_price_minor ?? Number.NaN), 0);
    if (sum !== given.expected_total_minor) {
      return { outcome: 'refused', faults: [{ pointer: '#/total_minor', detail: 'is not the sum' }] };
    }
    purchases.set(given.idempotency_key, given);
    return { outcome: 'recorded', purchase_id: given.idempotency_key };
  };

  const store: Store = {
    addProducts: async (given) => put(products, given, ({ product_id }) => product_id, false),
    addBranches: async (given) => put(branches, given, ({ branch_id }) => branch_id, false),
    upsertProducts: async (given) => put(products, given, ({ product_id }) => product_id, true),
    upsertBranches: async (given) => put(branches, given, ({ branch_id }) => branch_id, true),
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
    keepColumns: async (rows) => rows.forEach(({ purchase_id, columns }) => void kept.set(purchase_id, columns)),
    loadedFile: async (sha256) => files.get(sha256),
    noteLoaded: async (sha256, _, row_count) => void files.set(sha256, { loaded_at: new Date(), row_count }),
    isPassing: (error) => error instanceof PassingError,
    close: async () => {},
  };
  return { store, products, branches, purchases, kept, batches, hooks };
};
