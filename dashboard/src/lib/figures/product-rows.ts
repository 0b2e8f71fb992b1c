import type { ProductsFigures } from './page-figures.ts';

/** By what the products can be sorted. */
export const SORTS = ['product', 'units', 'revenue', 'change'] as const;
export type SortColumn = (typeof SORTS)[number];

export interface Sort {
  column: SortColumn;
  descending: boolean;
}

type Product = ProductsFigures['products'][number];

export interface ProductRow extends Product {
  /** By units (by revenue, when sorted so), as competitions count: equal ones share a rank. */
  rank: number;
  /** Shares of all products of the period, 0 to 1. */
  units_share: number;
  revenue_share: number;
}

/** A sort as it stands in the address: `-revenue` is descending. */
export const sortFrom = (text: string | null): Sort => {
  const column = SORTS.find((known) => known === text?.replace(/^-/, ''));
  return column === undefined
    ? { column: 'units', descending: true }
    : { column, descending: text?.startsWith('-') ?? false };
};

/** The rows of the table: ranks and shares of all products, then only those found, sorted. */
export const productRows = (
  products: readonly Product[],
  search: string,
  { column, descending }: Sort,
): ProductRow[] => {
  const by = column === 'revenue' ? 'revenue_minor' : 'units';
  const total = (of: 'units' | 'revenue_minor') =>
    Math.max(
      1,
      products.reduce((sum, product) => sum + product[of], 0),
    );
  const [units, revenue] = [total('units'), total('revenue_minor')];
  const ordered = products.map((product) => product[by]).sort((a, b) => b - a);
  const ranks = new Map<number, number>();
  for (const [index, value] of ordered.entries()) if (!ranks.has(value)) ranks.set(value, index + 1);
  const wanted = search.trim().toLocaleLowerCase('en');
  const value = (row: ProductRow): number => {
    if (column === 'change') return row.units_before === 0 ? Number.POSITIVE_INFINITY : row.units / row.units_before;
    return row[by];
  };
  const name = (a: ProductRow, b: ProductRow) => a.product.localeCompare(b.product, 'en');
  return products
    .filter(({ product }) => product.toLocaleLowerCase('en').includes(wanted))
    .map((product) => ({
      ...product,
      rank: ranks.get(product[by]) ?? 0,
      units_share: product.units / units,
      revenue_share: product.revenue_minor / revenue,
    }))
    .sort((a, b) => {
      const direction = descending ? -1 : 1;
      if (column === 'product') return direction * name(a, b);
      const [left, right] = [value(a), value(b)];
      return left === right ? name(a, b) : direction * (left < right ? -1 : 1);
    });
};
