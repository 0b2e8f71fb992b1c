import { readFileSync } from 'node:fs';
import path from 'node:path';
import Papa from 'papaparse';
import { z } from 'zod';

/** One purchase that must be in the figures. */
export interface Sale {
  branch: string;
  customer: string | undefined;
  products: string[];
  totalMinor: number;
}

/** The figures that the dashboard must show, of a set of sales. */
export interface Figures {
  purchases: number;
  items: number;
  revenue_minor: number;
  average_basket_minor: number;
  unique_customers: number;
  loyal_customers: number;
  top_products: { product_id: string; units: number; rank: number }[];
}

const LOYAL = 3;

/** Every purchase that was answered 201 or loaded, once: what the figures are held against. */
export class Book {
  readonly #sales = new Map<string, Sale>();

  /** Notes a sale under what identifies it. Throws when that was noted before: no answer may tell of the same one twice. */
  note(id: string, sale: Sale): void {
    if (this.#sales.has(id)) throw new Error(`${id} was answered 201 twice`);
    this.#sales.set(id, sale);
  }

  /** Notes the rows of a purchases.csv whose rows are all good; of one that was noted before, those that it has more. */
  noteFile(folder: string): void {
    const text = readFileSync(path.join(folder, 'purchases.csv'), 'utf8').replace(/^\uFEFF/, '');
    const rows = z
      .array(
        z.object({ supermarket_id: z.string(), user_id: z.string(), items_list: z.string(), total_amount: z.string() }),
      )
      .parse(Papa.parse(text, { header: true, skipEmptyLines: true }).data);
    for (const [index, row] of rows.entries()) {
      const id = `row ${index}`;
      if (this.#sales.has(id)) continue;
      this.note(id, {
        branch: row.supermarket_id,
        customer: row.user_id === '' ? undefined : row.user_id,
        products: row.items_list.split(',').map((name) => name.trim().toLowerCase().replaceAll(' ', '-')),
        totalMinor: Math.round(Number(row.total_amount) * 100),
      });
    }
  }

  get size(): number {
    return this.#sales.size;
  }

  /** Forgets all sales but the first so many, as a store does that is restored to an earlier moment. */
  backTo(size: number): void {
    for (const id of [...this.#sales.keys()].slice(size)) this.#sales.delete(id);
  }

  branches(): string[] {
    return [...new Set([...this.#sales.values()].map((sale) => sale.branch))];
  }

  /** The figures of the chain, or of one branch. */
  figures(branch?: string): Figures {
    const sales = [...this.#sales.values()].filter((sale) => branch === undefined || sale.branch === branch);
    const revenue = sales.reduce((sum, sale) => sum + sale.totalMinor, 0);
    const byCustomer = counted(sales.flatMap((sale) => (sale.customer === undefined ? [] : [sale.customer])));
    const units = [...counted(sales.flatMap((sale) => sale.products))].map(([product_id, n]) => ({
      product_id,
      units: n,
    }));
    const ranked = units
      .map((each) => ({ ...each, rank: 1 + units.filter((other) => other.units > each.units).length }))
      .filter((each) => each.rank <= 3)
      .sort((a, b) => a.rank - b.rank || a.product_id.localeCompare(b.product_id));
    return {
      purchases: sales.length,
      items: sales.reduce((sum, sale) => sum + sale.products.length, 0),
      revenue_minor: revenue,
      average_basket_minor: sales.length === 0 ? 0 : Math.floor(revenue / sales.length + 0.5),
      unique_customers: byCustomer.size,
      loyal_customers: [...byCustomer.values()].filter((n) => n >= LOYAL).length,
      top_products: ranked,
    };
  }
}

const counted = (values: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
};
