import { MAX_ITEMS, type PurchaseRequest } from '@tillstream/schemas/api';
import { grossOf, percentOf, WHOLE } from './amounts.ts';

/** What a till knows of a product. */
export interface Product {
  product_id: string;
  name: string;
  category: string;
  unit: 'piece' | 'kg';
  sku: string | null;
  unit_price_minor: number;
  open_price: boolean;
}

/** Hundredths of a percent, or an amount. */
export type Discount = { percent: number } | { minor: number };

/** A line of the receipt. */
export interface Line {
  id: string;
  product: Product;
  /** Thousandths: of a piece always whole ones, of a kilogram grams. */
  quantity: number;
  unit_price_minor: number;
  discount?: Discount;
}

/** What a customer is about to buy. It is never changed: each change gives another one. */
export interface Basket {
  lines: readonly Line[];
  /** Of the receipt as a whole. */
  discount?: Discount;
  /** Number of the loyalty card; empty: none. */
  customer: string;
}

export const EMPTY: Basket = { lines: [], customer: '' };

/** Why something cannot be added: the chain's limit per product, or the longest receipt. */
export type Refusal = { kind: 'limit'; product: Product; most: number } | { kind: 'too-long'; most: number };
export type Change = { basket: Basket } | { refused: Refusal };

/** What the chain's limit counts of a line: pieces, or weighings. */
const counted = ({ unit }: Product, quantity: number): number => (unit === 'kg' ? 1 : quantity / WHOLE);

/** How much of a product stands in the basket, as the chain's limit counts it. */
export const countOf = ({ lines }: Basket, productId: string): number =>
  lines
    .filter(({ product }) => product.product_id === productId)
    .reduce((sum, { product, quantity }) => sum + counted(product, quantity), 0);

/**
 * Adds to the basket: to a line of the same product and price where there is one without a discount, else as a new line.
 *
 * @param most MAX_QUANTITY_PER_PRODUCT; 0: no limit
 */
export const add = (
  basket: Basket,
  { product, quantity, unit_price_minor }: Omit<Line, 'id' | 'discount'>,
  most: number,
  id: string,
): Change => {
  if (most > 0 && countOf(basket, product.product_id) + counted(product, quantity) > most) {
    return { refused: { kind: 'limit', product, most } };
  }
  const same = basket.lines.find(
    (line) =>
      line.product.product_id === product.product_id &&
      product.unit === 'piece' &&
      line.unit_price_minor === unit_price_minor &&
      line.discount === undefined,
  );
  if (same) return setQuantity(basket, same.id, same.quantity + quantity, most);
  if (basket.lines.length >= MAX_ITEMS) return { refused: { kind: 'too-long', most: MAX_ITEMS } };
  return { basket: { ...basket, lines: [...basket.lines, { id, product, quantity, unit_price_minor }] } };
};

/** Changes how much of a line is bought; nothing takes it away. */
export const setQuantity = (basket: Basket, id: string, quantity: number, most: number): Change => {
  const line = basket.lines.find((candidate) => candidate.id === id);
  if (line === undefined) return { basket };
  const others = { ...basket, lines: basket.lines.filter((other) => other !== line) };
  if (quantity <= 0) return { basket: others };
  const { product } = line;
  if (most > 0 && countOf(others, product.product_id) + counted(product, quantity) > most) {
    return { refused: { kind: 'limit', product, most } };
  }
  return { basket: changed(basket, line, { ...line, quantity: Math.min(quantity, 10_000 * WHOLE) }) };
};

/** Takes something off a line, or off the receipt as a whole where no line is named; undefined: no discount. */
export const setDiscount = (basket: Basket, id: string | undefined, discount: Discount | undefined): Basket => {
  if (id === undefined) return withDiscount(basket, discount);
  const line = basket.lines.find((candidate) => candidate.id === id);
  return line === undefined ? basket : changed(basket, line, withDiscount(line, discount));
};

const withDiscount = <T extends { discount?: Discount }>(given: T, discount: Discount | undefined): T => {
  const { discount: _, ...rest } = given;
  return { ...rest, ...(discount && { discount }) } as T;
};

const changed = (basket: Basket, line: Line, next: Line): Basket => ({
  ...basket,
  lines: basket.lines.map((other) => (other === line ? next : other)),
});

/** The basket at the prices of a newer catalog, the products whose price changed, and those that are no longer sold. */
export const follow = (
  basket: Basket,
  products: readonly Product[],
): { basket: Basket; changed: Product[]; gone: Product[] } => {
  const known = new Map(products.map((product) => [product.product_id, product]));
  const [differ, gone]: [Product[], Product[]] = [[], []];
  const lines = basket.lines.map((line) => {
    const product = known.get(line.product.product_id);
    if (product === undefined) {
      gone.push(line.product);
      return line;
    }
    const unit_price_minor = product.open_price ? line.unit_price_minor : product.unit_price_minor;
    if (unit_price_minor !== line.unit_price_minor) differ.push(product);
    return { ...line, product, unit_price_minor };
  });
  return { basket: { ...basket, lines }, changed: differ, gone };
};

/** A line with its amounts. */
export interface PricedLine {
  line: Line;
  gross_minor: number;
  discount_minor: number;
  total_minor: number;
}

/** A basket with its amounts. `discount_minor` is the receipt's own; `saved_minor` is all that was taken off. */
export interface Priced {
  lines: PricedLine[];
  subtotal_minor: number;
  discount_minor: number;
  saved_minor: number;
  total_minor: number;
}

/** Never more than there is to take it off from. */
const takenOff = (discount: Discount | undefined, amount: number): number => {
  if (discount === undefined) return 0;
  return Math.min(amount, 'minor' in discount ? discount.minor : percentOf(amount, discount.percent));
};

/** What a basket costs. */
export const priced = (basket: Basket): Priced => {
  const lines = basket.lines.map((line) => {
    const gross_minor = grossOf(line.quantity, line.unit_price_minor);
    const discount_minor = takenOff(line.discount, gross_minor);
    return { line, gross_minor, discount_minor, total_minor: gross_minor - discount_minor };
  });
  const subtotal_minor = lines.reduce((sum, { total_minor }) => sum + total_minor, 0);
  const discount_minor = takenOff(basket.discount, subtotal_minor);
  const saved_minor = lines.reduce((sum, line) => sum + line.discount_minor, discount_minor);
  return { lines, subtotal_minor, discount_minor, saved_minor, total_minor: subtotal_minor - discount_minor };
};

/** The basket as the POS API takes it. Tenders add up to the total, so the API refuses a total that is not its own. */
export const requestOf = (
  basket: Basket,
  sale: Pick<PurchaseRequest, 'branch_id' | 'sold_at' | 'receipt_number' | 'tenders' | 'cashier'>,
): PurchaseRequest => {
  const { lines, discount_minor } = priced(basket);
  return {
    ...sale,
    ...(basket.customer !== '' && { customer_id: basket.customer }),
    items: lines.map(({ line, discount_minor: off }) => ({
      product_id: line.product.product_id,
      quantity: line.quantity / WHOLE,
      unit_price_minor: line.unit_price_minor,
      ...(off > 0 && { discount_minor: off }),
    })),
    ...(discount_minor > 0 && { discount_minor }),
  };
};
