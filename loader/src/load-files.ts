import { branchId, OPTIONAL_PURCHASE_COLUMNS, PURCHASE_COLUMNS } from '@tillstream/schemas/files';
import { currencyDecimals } from '@tillstream/schemas/values/money';
import { startOfDay } from '@tillstream/schemas/values/wall-clock';
import { type CatalogSummary, loadCatalog } from './catalog/load-catalog.ts';
import { readBranches, readProducts } from './catalog/read-catalog.ts';
import { checkingStore } from './check-store.ts';
import { openCsv } from './files/csv-file.ts';
import type { RejectCounts } from './files/reasons.ts';
import { openRejects, type RejectedRow, rejectExamples } from './files/rejects.ts';
import { loadPurchases } from './purchases/load-purchases.ts';
import { Occurrences } from './purchases/occurrences.ts';
import { shopClock } from './purchases/times.ts';
import { loadReceipts } from './receipts/load-receipts.ts';
import { readMap } from './receipts/map.ts';
import { openReceipts } from './receipts/receipts-file.ts';
import { receiptTimes } from './receipts/values/receipt-times.ts';
import type { Loading, Progress } from './record/recorder.ts';
import type { Store } from './store.ts';

/** What to load, and by which rules. */
export interface LoadFilesOptions {
  /** Paths. Products and branches that come without purchases or receipts are today's catalog, else they only add what is new. */
  products?: string | undefined;
  /** A row a purchase, or a row a line item: at most one of them. */
  purchases?: string | undefined;
  receipts?: string | undefined;
  /** How the receipts are written: a YAML file or the name of a preset; absent: as `receipts.csv` is. */
  map?: string | undefined;
  /** Without it the branches are those that the purchases name. */
  branches?: string | undefined;
  /** Only find out what would happen: nothing is changed and no reject file is written. */
  check?: boolean | undefined;
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
  /** Whether it was only looked at. */
  check: boolean;
  /** The file of purchases or receipts; undefined when there was none. */
  file: string | undefined;
  catalog: CatalogSummary[];
  /** Rejected rows of the file by reason, and the path of the reject file, undefined when there are none. */
  reasons: RejectCounts;
  rejects: string | undefined;
  /** Of a check: the first rejected rows of each reason. */
  examples: RejectedRow[];
  /** Columns that the file has besides: kept with each purchase, or not used. */
  extra: string[];
  unused: string[];
  /** Branches and products that only the file named. */
  newBranches: string[];
  newProducts: string[];
  /** When this very file was loaded before, whole: then it was not read again. */
  loadedBefore: Date | undefined;
  /** The signal stopped it before its end. */
  interrupted: boolean;
  currency: string;
}

const NOTHING: Progress = {
  bytes: 0,
  totalBytes: 0,
  rows: 0,
  loaded: 0,
  duplicates: 0,
  rejected: 0,
  recorded: 0,
  amountMinor: 0,
  returned: 0,
  returnedMinor: 0,
  retries: 0,
};

/** Milliseconds between two calls of `onProgress`. */
const TELL_MS = 100;

/**
 * Loads CSV files into the system. Every row ends as loaded, as a duplicate of a purchase that is there already, or in
 * the reject file; running it again, also after it was stopped or killed at any moment, changes no figure.
 *
 * Throws a FileFault, before anything is loaded, when a file is not what it should be; and what the store threw when a
 * batch fails for good, or for a minute.
 */
export const loadFiles = async (given: Store, options: LoadFilesOptions): Promise<LoadSummary> => {
  const started = Date.now();
  const check = options.check === true;
  const store = check ? checkingStore(given) : given;
  const progress = { ...NOTHING };
  const found = {
    check,
    file: options.purchases ?? options.receipts,
    catalog: [] as CatalogSummary[],
    reasons: {},
    rejects: undefined as string | undefined,
    examples: [] as RejectedRow[],
    extra: [] as string[],
    unused: [] as string[],
    newBranches: [] as string[],
    newProducts: [] as string[],
    loadedBefore: undefined as Date | undefined,
    currency: '',
  };
  const summary = (): LoadSummary => {
    return {
      ...found,
      ...progress,
      seconds: (Date.now() - started) / 1000,
      interrupted: options.signal?.aborted === true,
    };
  };
  const rejectsOf = (path: string) =>
    check ? Promise.resolve(rejectExamples(found.examples)) : openRejects(options.rejects, path);

  try {
    // Every file is looked at before the first row goes anywhere.
    const kind = await openKind(options);
    found.currency = await store.currency();
    const decimals = currencyDecimals(found.currency);
    const catalog = {
      products: options.products === undefined ? undefined : await readProducts(options.products, decimals),
      branches: options.branches === undefined ? undefined : await readBranches(options.branches),
    };
    found.catalog = await loadCatalog(store, catalog, kind !== undefined, rejectsOf);
    if (kind === undefined) return summary();

    found.extra = kind.kept.map(({ name }) => name);
    found.unused = kind.unused;
    progress.totalBytes = kind.file.size;
    const before = await store.loadedFile(kind.file.sha256);
    if (before !== undefined) {
      found.loadedBefore = before.loaded_at;
      progress.rows = progress.duplicates = before.row_count;
      return summary();
    }
    let told = 0;
    const loading: Loading = {
      rejects: await rejectsOf(kind.file.path),
      progress,
      reasons: found.reasons,
      newBranches: found.newBranches,
      onProgress: () => {
        const now = Date.now();
        if (now - told < TELL_MS) return;
        told = now;
        options.onProgress?.({ ...progress });
      },
      signal: options.signal,
    };
    const common = {
      branches: new Map((await store.listBranches()).map(({ branch_id }) => [branchId(branch_id), branch_id])),
      anyBranch: options.branches === undefined,
      decimals,
      since: startOfDay(options.timeZone, options.chainSince),
    };
    if (kind.of === 'receipts') {
      const rules = { ...common, file: kind.file, times: receiptTimes(kind.file.map, options.timeZone) };
      await loadReceipts(store, { ...loading, rules, newProducts: found.newProducts });
    } else {
      const rules = {
        ...common,
        file: kind.file,
        prices: new Map((await store.listProducts()).map((product) => [product.product_id, product.unit_price_minor])),
        clashes: catalog.products?.clashes ?? new Map(),
        clock: shopClock(options.timeZone),
        occurrences: new Occurrences(),
      };
      await loadPurchases(store, { ...loading, file: kind.file, rules });
    }
    options.onProgress?.({ ...progress });
    if (progress.rejected > 0) found.rejects = check ? undefined : loading.rejects.path;
    else if (options.signal?.aborted !== true) await store.noteLoaded(kind.file.sha256, kind.file.path, progress.rows);
    return summary();
  } catch (error) {
    if (options.signal?.aborted) return summary();
    throw error;
  }
};

/** Opens the file of purchases or receipts; undefined when there is none. */
const openKind = async ({ purchases, receipts, map, signal }: LoadFilesOptions) => {
  if (receipts !== undefined) {
    const file = await openReceipts(receipts, await readMap(map ?? 'receipts'), signal);
    return { of: 'receipts' as const, file, kept: file.kept, unused: file.unused };
  }
  if (purchases === undefined) return undefined;
  const file = await openCsv(purchases, PURCHASE_COLUMNS, { optional: OPTIONAL_PURCHASE_COLUMNS, signal });
  return { of: 'purchases' as const, file, kept: file.extra, unused: [] };
};
