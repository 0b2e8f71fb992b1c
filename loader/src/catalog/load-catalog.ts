import { branchId } from '@tillstream/schemas/files';
import { reasonText } from '../files/reasons.ts';
import type { RejectFile } from '../files/rejects.ts';
import type { Store } from '../store.ts';
import type { CatalogFile, readBranches, readProducts } from './read-catalog.ts';

/** What came of a file of the catalog. */
export interface CatalogSummary {
  path: string;
  what: 'products' | 'branches';
  /** Of the file, without the rejected ones. */
  entries: number;
  /** Those that are new, or that a list on its own has changed. */
  changed: number;
  /** Products whose price here is not what they cost today: it stays, since the file came with history. */
  otherPrices: number;
  rejected: { line: number; reason: string }[];
  /** Path of the reject file; undefined when nothing was rejected. */
  rejects: string | undefined;
  /** Names of columns that nothing is done with. */
  extra: string[];
}

/** Files of the catalog that have been read. */
export interface Catalog {
  products: Awaited<ReturnType<typeof readProducts>> | undefined;
  branches: Awaited<ReturnType<typeof readBranches>> | undefined;
}

/**
 * Brings a catalog into the system. What comes with history adds what is new and changes nothing that is there, since
 * history is no news about today; a list on its own sets today's names and prices.
 *
 * @param rejectsOf opens the reject file of a file
 */
export const loadCatalog = async (
  store: Store,
  { products, branches }: Catalog,
  withHistory: boolean,
  rejectsOf: (path: string) => Promise<RejectFile>,
): Promise<CatalogSummary[]> => {
  const summaries: CatalogSummary[] = [];
  if (products !== undefined) {
    const { changed } = await (withHistory ? store.addProducts : store.upsertProducts)(products.entries);
    const today = new Map((await store.listProducts()).map((known) => [known.product_id, known.unit_price_minor]));
    const differs = products.entries.filter((given) => today.get(given.product_id) !== given.unit_price_minor);
    summaries.push({
      ...(await summary(products, 'products', rejectsOf)),
      changed,
      otherPrices: withHistory ? differs.length : 0,
    });
  }
  if (branches !== undefined) {
    // A branch is the same however its id is written.
    const stored = new Map((await store.listBranches()).map(({ branch_id }) => [branchId(branch_id), branch_id]));
    const entries = branches.entries.map((branch) => {
      return { ...branch, branch_id: stored.get(branch.branch_id) ?? branch.branch_id };
    });
    const { changed } = await (withHistory ? store.addBranches : store.upsertBranches)(entries);
    summaries.push({ ...(await summary(branches, 'branches', rejectsOf)), changed, otherPrices: 0 });
  }
  return summaries;
};

const summary = async (
  { path, entries, rejected, extra }: CatalogFile<unknown>,
  what: CatalogSummary['what'],
  rejectsOf: (path: string) => Promise<RejectFile>,
) => {
  const rejects = await rejectsOf(path);
  for (const { row, reasons } of rejected) rejects.add(row.line, reasons, row.text);
  await rejects.close();
  return {
    path,
    what,
    entries: entries.length,
    rejected: rejected.map(({ row, reasons }) => ({ line: row.line, reason: reasons.map(reasonText).join('; ') })),
    rejects: rejected.length > 0 && rejects.path !== '' ? rejects.path : undefined,
    extra,
  };
};
