import type { NewProduct } from '@tillstream/pos-api/catalog';
import type { KnownProduct } from '../store.ts';
import type { ReceiptLine } from './read-line.ts';
import { priceFor } from './receipt.ts';

/**
 * The products of receipts that nobody knows: category and price as the first row that names them says, sold by weight when any
 * quantity has decimals. Their price is open, since the next receipt may have another. A SKU that another product has is left out.
 */
export const newProducts = (
  receipts: Iterable<{ lines: readonly ReceiptLine[] }>,
  known: readonly KnownProduct[],
): NewProduct[] => {
  const ids = new Set(known.map(({ product_id }) => product_id));
  const skus = new Set(known.map(({ sku }) => sku));
  const products = new Map<string, { line: ReceiptLine; product: NewProduct }>();
  for (const { lines } of receipts) {
    for (const line of lines) {
      if (ids.has(line.product_id)) continue;
      const entry = products.get(line.product_id) ?? { line, product: productOf(line) };
      products.set(line.product_id, entry);
      if (line.quantity % 1000 !== 0) entry.product.unit = 'kg';
      if (line.row.line < entry.line.row.line) {
        entry.product = { ...productOf(line), unit: entry.product.unit };
        entry.line = line;
      }
    }
  }
  return [...products.values()].map(({ line: { sku }, product }) => {
    if (sku === '' || skus.has(sku)) return product;
    skus.add(sku);
    return { ...product, sku };
  });
};

const productOf = ({ product_id, product_name, category, price, quantity }: ReceiptLine): NewProduct => ({
  product_id,
  name: product_name,
  category,
  unit: 'piece',
  unit_price_minor: price.of === 'unit' ? price.minor : priceFor(quantity, price.minor),
  open_price: true,
});
