import {
  BRANCH_COLUMNS,
  type BranchRow,
  branchRow,
  nameKey,
  OPTIONAL_PRODUCT_COLUMNS,
  PRODUCT_COLUMNS,
  productId,
  productRow,
} from '@tillstream/schemas/files';
import { fromMinor, MAX_AMOUNT_MINOR, toMinor } from '@tillstream/schemas/values/money';
import type { z } from 'zod';
import { FileFault } from '../files/check-file.ts';
import { openCsv, widthFault } from '../files/csv-file.ts';
import { type Reason, reasonText } from '../files/reasons.ts';
import type { Row } from '../files/rows.ts';

/** A product of a products file. */
export interface FileProduct {
  product_id: string;
  name: string;
  unit_price_minor: number;
  category?: string;
  unit?: 'piece' | 'kg';
  sku?: string;
}

/** What a file of the catalog says. */
export interface CatalogFile<Entry> {
  path: string;
  entries: Entry[];
  rejected: { row: Row; reasons: Reason[] }[];
  /** Names of its columns that nobody asked for. */
  extra: string[];
}

/** The products of a file. */
export interface ProductsFile extends CatalogFile<FileProduct> {
  /**
   * Rejected names, as {@link nameKey} has them, that share their id with another product of the file, and that product's
   * name: a sale of one is not a sale of the other.
   */
  clashes: Map<string, string>;
}

/**
 * The products of `products_list.csv`, their prices with so many decimals. A bad row is rejected, the others stand. Throws
 * a {@link FileFault} when the file is not what it should be, or no row of it is.
 */
export const readProducts = async (path: string, decimals: number): Promise<ProductsFile> => {
  const products = new Map<string, FileProduct>();
  const clashes = new Map<string, string>();
  const optional = OPTIONAL_PRODUCT_COLUMNS;
  const file = await readCatalog(path, PRODUCT_COLUMNS, optional, productRow, (row): Reason[] => {
    const { product_name: name, unit_price, category, unit, sku } = row;
    const unit_price_minor = toMinor(unit_price, decimals);
    const product_id = productId(name);
    const known = products.get(product_id);
    if (known !== undefined && nameKey(known.name) !== nameKey(name)) {
      clashes.set(nameKey(name), known.name);
      const both = `${JSON.stringify(known.name)} and ${JSON.stringify(name)} are both ${product_id}`;
      return [{ kind: 'product_name: two names share an id:', detail: both }];
    }
    if (unit_price_minor === undefined) {
      const [such, most] = [150, MAX_AMOUNT_MINOR].map((minor) => fromMinor(minor, decimals));
      const kind = `unit_price: is not a price such as ${such}, at most ${most}:`;
      return [{ kind, detail: JSON.stringify(unit_price) }];
    }
    if (known !== undefined && known.unit_price_minor !== unit_price_minor) {
      return [{ kind: 'product_name: stands here again with another price:', detail: JSON.stringify(name) }];
    }
    products.set(
      product_id,
      known ?? {
        product_id,
        name,
        unit_price_minor,
        ...(category && { category }),
        ...(unit && { unit }),
        ...(sku && { sku }),
      },
    );
    return [];
  });
  return { ...file, entries: someOf(path, products, file.rejected, 'product'), clashes };
};

/** The branches of `branches.csv`; see {@link readProducts} for bad rows and what it throws. */
export const readBranches = async (path: string): Promise<CatalogFile<BranchRow>> => {
  const branches = new Map<string, BranchRow>();
  const file = await readCatalog(path, BRANCH_COLUMNS, [], branchRow, (row): Reason[] => {
    const known = branches.get(row.branch_id);
    if (known !== undefined && (known.name !== row.name || known.country !== row.country)) {
      return [{ kind: 'branch_id: stands here again with another name or country:', detail: row.branch_id }];
    }
    branches.set(row.branch_id, row);
    return [];
  });
  return { ...file, entries: someOf(path, branches, file.rejected, 'branch') };
};

/** Reads every row of a small file; `take` says why it does not take a row. */
const readCatalog = async <Column extends string, Optional extends string, S extends z.ZodType>(
  path: string,
  columns: readonly Column[],
  optional: readonly Optional[],
  shape: S,
  take: (row: z.output<S>) => Reason[],
) => {
  const file = await openCsv(path, columns, { optional });
  const rejected: { row: Row; reasons: Reason[] }[] = [];
  const reasonsAgainst = (row: Row): Reason[] => {
    const broken = widthFault(row, file.width);
    if (broken !== undefined) return [broken];
    const parsed = shape.safeParse(
      Object.fromEntries(
        [...columns, ...optional].map((column) => [column, row.fields?.[file.at[column] ?? Number.NaN]]),
      ),
    );
    if (parsed.success) return take(parsed.data);
    return parsed.error.issues.map(({ path: at, message }) => ({ kind: `${at.join('.')}: ${message}` }));
  };
  for await (const rows of file.rows()) {
    for (const row of rows) {
      const reasons = reasonsAgainst(row);
      if (reasons.length > 0) rejected.push({ row, reasons });
    }
  }
  return { path, rejected, extra: file.extra.map(({ name }) => name) };
};

const someOf = <Entry>(
  path: string,
  entries: ReadonlyMap<string, Entry>,
  [first]: CatalogFile<Entry>['rejected'],
  what: string,
): Entry[] => {
  if (entries.size > 0) return [...entries.values()];
  if (first === undefined) throw new FileFault(`${path}: names no ${what}`);
  const why = first.reasons.map(reasonText).join('; ');
  throw new FileFault(`${path}: no row can be loaded; line ${first.row.line}: ${why}`);
};
