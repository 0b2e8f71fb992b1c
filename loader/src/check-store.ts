import type { PurchaseInput } from '@tillstream/pos-api/record-purchases';
import type { FileReturn } from '@tillstream/pos-api/return-of-file';
import type { Additions, Store } from './store.ts';

/**
 * A store that only answers what would happen: what is added is remembered, so that purchases of it are answered for, and nothing
 * is changed. Each batch is tried by itself in a transaction that is undone, so no lock is held for longer than a batch takes.
 */
export const checkingStore = (store: Store): Store => {
  const added: Additions & { products: Additions['products'][number][]; branches: Additions['branches'][number][] } = {
    products: [],
    branches: [],
  };
  /** Keys of this file so far, and what they stand for: no batch sees another. */
  const seen = new Map<string, string>();
  /** Sales and returns of this file by receipt and by customer: a return may be of any of those that it shares one with. */
  const sales = new Map<string, PurchaseInput[]>();
  const returns = new Map<string, FileReturn[]>();

  const addProducts: Store['addProducts'] = async (products) => {
    const known = new Set((await listProducts()).map(({ product_id }) => product_id));
    const fresh = products.filter(({ product_id }) => !known.has(product_id));
    added.products.push(...fresh);
    return { changed: fresh.length };
  };
  const addBranches: Store['addBranches'] = async (branches) => {
    const known = new Set((await listBranches()).map(({ branch_id }) => branch_id));
    const fresh = branches.filter(({ branch_id }) => !known.has(branch_id));
    added.branches.push(...fresh);
    return { changed: fresh.length };
  };
  const listProducts: Store['listProducts'] = async () => [...(await store.listProducts()), ...added.products];
  const listBranches: Store['listBranches'] = async () => [...(await store.listBranches()), ...added.branches];
  return {
    ...store,
    addProducts,
    addBranches,
    upsertProducts: async (products) =>
      countChanged(await store.listProducts(), products, ({ product_id }) => product_id),
    upsertBranches: async (branches) =>
      countChanged(await store.listBranches(), branches, ({ branch_id }) => branch_id),
    listProducts,
    listBranches,
    recordPurchases: async (batch) => {
      const again = batch.map(({ idempotency_key }) => seen.get(idempotency_key));
      const answers = await store.tryPurchases(batch, added);
      for (const { idempotency_key, fingerprint } of batch) {
        if (!seen.has(idempotency_key)) seen.set(idempotency_key, fingerprint);
      }
      for (const sale of batch) for (const name of namesOf(sale)) put(sales, name, sale);
      return answers.map((answer, index) => {
        const before = again[index];
        if (before === undefined || answer.outcome !== 'recorded') return answer;
        return before === batch[index]?.fingerprint ? { ...answer, outcome: 'replayed' } : { outcome: 'conflict' };
      });
    },
    recordReturn: async (given) => {
      const names = namesOf({ ...given, receipt_number: given.original ?? given.receipt_number });
      const before = [...new Set(names.flatMap((name) => returns.get(name) ?? []))];
      for (const name of names) put(returns, name, given);
      const all = [...before, given].flatMap((one) =>
        namesOf({ ...one, receipt_number: one.original ?? one.receipt_number }),
      );
      const sold = new Set(all.flatMap((name) => sales.get(name) ?? []));
      return store.tryReturns([...before, given], [...sold], added);
    },
    keepColumns: async () => {},
    noteLoaded: async () => {},
  };
};

/** By what a sale can be found: its receipt and its customer. */
const namesOf = ({ receipt_number, customer_id }: Pick<PurchaseInput, 'receipt_number' | 'customer_id'>): string[] => [
  ...(receipt_number === undefined ? [] : [`receipt ${receipt_number}`]),
  ...(customer_id === null ? [] : [`customer ${customer_id}`]),
];

const put = <Entry>(into: Map<string, Entry[]>, name: string, entry: Entry) => {
  const entries = into.get(name) ?? [];
  entries.push(entry);
  into.set(name, entries);
};

/** How many of the given are new, or say something else than what is stored. */
const countChanged = <Stored extends object, Given extends Stored>(
  stored: readonly Stored[],
  given: readonly Given[],
  id: (entry: Stored) => string,
) => {
  const known = new Map(stored.map((entry) => [id(entry), entry]));
  const differs = (entry: Given) => {
    const before = known.get(id(entry));
    const says = Object.entries(entry).filter(([, value]) => value !== undefined);
    return before === undefined || says.some(([field, value]) => Reflect.get(before, field) !== value);
  };
  return { changed: given.filter(differs).length };
};
