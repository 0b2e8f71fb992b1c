import { branchId, OPTIONAL_PURCHASE_COLUMNS, PURCHASE_COLUMNS } from '@tillstream/schemas/files';
import { currencyDecimals } from '@tillstream/schemas/values/money';
import { startOfDay } from '@tillstream/schemas/values/wall-clock';
import { type CatalogSummary, loadCatalog } from './catalog/load-catalog.ts';
import { readBranches, readProducts } from './catalog/read-catalog.ts';
import { openCsv } from './files/csv-file.ts';
import type { RejectCounts } from './files/reasons.ts';
import { openRejects } from './files/rejects.ts';
import { loadPurchases, type Progress } from './purchases/load-purchases.ts';
import { Occurrences } from './purchases/occurrences.ts';
import type { PurchasesFile } from './purchases/read-purchase.ts';
import { shopClock } from './purchases/times.ts';
import type { Store } from './store.ts';

/** What to load, and by which rules. */
export interface LoadFilesOptions {
  /** Paths. Products and branches that come without purchases are today's catalog, else they only add what is new. */
  products?: string | undefined;
  purchases?: string | undefined;
  /** Without it the branches are those that the purchases name. */
  branches?: string | undefined;
  /** The folder of the reject files; made when it is not there. */
  rejects: string;
  /** `SHOP_TIMEZONE` and `CHAIN_SINCE` (a date on the shop's clock). */
  timeZone: string;
  chainSince: string;
  /** Called whenever figures have changed, at most every 100 ms. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Stops the load at once; what was loaded stays, and another load goes on from there. */
  signal?: AbortSignal | undefined;
}

/** What a load came to. */
export interface LoadSummary extends Progress {
  seconds: number;
  /** The purchases file; undefined when there was none. */
  purchases: string | undefined;
  catalog: CatalogSummary[];
  /** Rejected rows of the purchases file by reason, and the path of the reject file, undefined when there are none. */
  reasons: RejectCounts;
  rejects: string | undefined;
  /** Columns that the file has besides: kept with each purchase. */
  extra: string[];
  /** Branches that only the purchases file named. */
  newBranches: string[];
  /** When this very file was loaded before, whole: then it was not read again. */
  loadedBefore: Date | undefined;
  /** The signal stopped it before its end. */
  interrupted: boolean;
}

/**
 * Loads CSV files into the system. Every row ends as loaded, as a duplicate of a purchase that is there already, or in
 * the reject file; running it again, also after it was stopped or killed at any moment, changes no figure.
 *
 * Throws a FileFault, before anything is loaded, when a file is not what it should be; and what the store threw when a
 * batch fails for good, or for a minute.
 */
export const loadFiles = async (store: Store, options: LoadFilesOptions): Promise<LoadSummary> => {
  const started = Date.now();
  const progress: Progress = { bytes: 0, totalBytes: 0, rows: 0, loaded: 0, duplicates: 0, rejected: 0, retries: 0 };
  const found = {
    purchases: options.purchases,
    catalog: [] as CatalogSummary[],
    reasons: {},
    rejects: undefined as string | undefined,
    extra: [] as string[],
    newBranches: [] as string[],
    loadedBefore: undefined as Date | undefined,
  };
  const summary = (): LoadSummary => {
    return {
      ...found,
      ...progress,
      seconds: (Date.now() - started) / 1000,
      interrupted: options.signal?.aborted === true,
    };
  };

  try {
    // Every file is looked at before the first row goes anywhere.
    const file =
      options.purchases === undefined
        ? undefined
        : await openCsv(options.purchases, PURCHASE_COLUMNS, {
            optional: OPTIONAL_PURCHASE_COLUMNS,
            signal: options.signal,
          });
    const decimals = currencyDecimals(await store.currency());
    const catalog = {
      products: options.products === undefined ? undefined : await readProducts(options.products, decimals),
      branches: options.branches === undefined ? undefined : await readBranches(options.branches),
    };
    found.catalog = await loadCatalog(store, catalog, file !== undefined, options.rejects);
    if (file === undefined) return summary();

    found.extra = file.extra.map(({ name }) => name);
    progress.totalBytes = file.size;
    const before = await store.loadedFile(file.sha256);
    if (before !== undefined) {
      found.loadedBefore = before.loaded_at;
      progress.rows = progress.duplicates = before.row_count;
      return summary();
    }
    const rejects = await openRejects(options.rejects, file.path);
    let told = 0;
    const onProgress = () => {
      const now = Date.now();
      if (now - told < 100) return;
      told = now;
      options.onProgress?.({ ...progress });
    };
    const rules = {
      ...(await rulesFor(store, file, options)),
      clashes: catalog.products?.clashes ?? new Map(),
      decimals,
    };
    const { reasons, newBranches } = found;
    const { signal } = options;
    await loadPurchases(store, { file, rules, rejects, progress, reasons, newBranches, onProgress, signal });
    options.onProgress?.({ ...progress });
    if (progress.rejected > 0) found.rejects = rejects.path;
    else if (options.signal?.aborted !== true) await store.noteLoaded(file.sha256, file.path, progress.rows);
    return summary();
  } catch (error) {
    if (options.signal?.aborted) return summary();
    throw error;
  }
};

const rulesFor = async (store: Store, file: PurchasesFile, { branches, timeZone, chainSince }: LoadFilesOptions) => {
  const clock = shopClock(timeZone);
  return {
    file,
    branches: new Map((await store.listBranches()).map(({ branch_id }) => [branchId(branch_id), branch_id])),
    anyBranch: branches === undefined,
    prices: new Map((await store.listProducts()).map((product) => [product.product_id, product.unit_price_minor])),
    clock,
    since: startOfDay(timeZone, chainSince),
    occurrences: new Occurrences(),
  };
};
