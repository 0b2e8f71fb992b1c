import {
  BRANCH_COLUMNS,
  type BranchRow,
  branchRow,
  PRODUCT_COLUMNS,
  productId,
  productRow,
} from '@tillstream/schemas/files';
import { fromMinor, MAX_AMOUNT_MINOR, toMinor } from '@tillstream/schemas/money';
import type { z } from 'zod';
import { FileFault, openCsv, widthFault } from '../files/csv-file.ts';

/** A product of a products file. */
export interface FileProduct {
  product_id: string;
  name: string;
  unit_price_minor: number;
}

/** Every row of a small file, checked; throws a FileFault that names the first bad one. */
async function* checkedRows<Column extends string, S extends z.ZodType>(
  path: string,
  columns: readonly Column[],
  shape: S,
): AsyncGenerator<{ row: z.output<S>; fault: (text: string) => FileFault }> {
  const file = await openCsv(path, columns);
  for await (const rows of file.rows()) {
    for (const row of rows) {
      const fault = (text: string) => new FileFault(`${path}, line ${row.line}: ${text}`);
      const broken = widthFault(row, file.width);
      if (broken !== undefined) throw fault(broken);
      const parsed = shape.safeParse(
        Object.fromEntries(columns.map((column) => [column, row.fields?.[file.at[column]]])),
      );
      if (!parsed.success) {
        throw fault(parsed.error.issues.map(({ path: at, message }) => `${at.join('.')} ${message}`).join('; '));
      }
      yield { row: parsed.data, fault };
    }
  }
}

/** The products of `products_list.csv`, their prices with so many decimals. Throws a {@link FileFault} that names file and line of a bad row. */
export const readProducts = async (path: string, decimals: number): Promise<FileProduct[]> => {
  const products = new Map<string, FileProduct>();
  for await (const { row, fault } of checkedRows(path, PRODUCT_COLUMNS, productRow)) {
    const unit_price_minor = toMinor(row.unit_price, decimals);
    if (unit_price_minor === undefined) {
      const [such, most] = [150, MAX_AMOUNT_MINOR].map((minor) => fromMinor(minor, decimals));
      throw fault(`unit_price ${JSON.stringify(row.unit_price)} is not a price such as ${such}, at most ${most}`);
    }
    const product_id = productId(row.product_name);
    const known = products.get(product_id);
    if (known !== undefined && known.unit_price_minor !== unit_price_minor) {
      throw fault(`product ${JSON.stringify(row.product_name)} stands here again with another price`);
    }
    if (known === undefined) products.set(product_id, { product_id, name: row.product_name, unit_price_minor });
  }
  if (products.size === 0) throw new FileFault(`${path}: names no product`);
  return [...products.values()];
};

/** The branches of `branches.csv`. Throws a {@link FileFault} that names file and line of a bad row. */
export const readBranches = async (path: string): Promise<BranchRow[]> => {
  const branches = new Map<string, BranchRow>();
  for await (const { row, fault } of checkedRows(path, BRANCH_COLUMNS, branchRow)) {
    const known = branches.get(row.branch_id);
    if (known !== undefined && (known.name !== row.name || known.country !== row.country)) {
      throw fault(`branch ${row.branch_id} stands here again with another name or country`);
    }
    branches.set(row.branch_id, row);
  }
  if (branches.size === 0) throw new FileFault(`${path}: names no branch`);
  return [...branches.values()];
};
