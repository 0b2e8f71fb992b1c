import type { Fault, PurchaseInput } from '@tillstream/pos-api/record-purchases';
import { type Loading, recordAll, rejecter } from '../record/recorder.ts';
import type { Store } from '../store.ts';
import { faultReason, type PurchaseRules, type PurchasesFile, readPurchase } from './read-purchase.ts';

/** What a load of a purchases file works with. */
export interface PurchasesLoad extends Loading {
  file: PurchasesFile;
  rules: PurchaseRules & { branches: Map<string, string> };
}

/** Loads a file of purchases, a row a purchase; see {@link recordAll} for what it promises and throws. */
export const loadPurchases = async (store: Store, load: PurchasesLoad): Promise<void> => {
  const { file, rules, rejects, progress } = load;
  const reject = rejecter(load);
  const addBranch = async (branch_id: string) => {
    await store.addBranches([{ branch_id, name: branch_id, country: '' }]);
    rules.branches.set(branch_id, branch_id);
    load.newBranches.push(branch_id);
  };
  const onBytes = (bytes: number) => {
    progress.bytes += bytes;
  };
  const words = {
    kept: file.extra,
    faultReason: (fault: Fault, purchase: PurchaseInput) => faultReason(fault, purchase, rules),
  };
  await recordAll(store, load, words, async (record, stop) => {
    for await (const rows of file.rows(onBytes, stop)) {
      for (const row of rows) {
        progress.rows++;
        const purchase = readPurchase(row, rules);
        if (Array.isArray(purchase)) reject([row], purchase);
        else {
          const { branch_id } = purchase;
          if (rules.anyBranch && !rules.branches.has(branch_id.toUpperCase())) await addBranch(branch_id);
          await record({ rows: [row], purchase });
        }
      }
      await rejects.flush();
      load.onProgress();
    }
    return undefined;
  });
};
