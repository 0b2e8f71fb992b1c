import { hash } from 'node:crypto';
import type { PurchaseInput } from '@tillstream/pos-api/record-purchases';
import { fromMinor, MAX_AMOUNT_MINOR } from '@tillstream/schemas/values/money';
import type { Reason } from '../files/reasons.ts';
import type { Row } from '../files/rows.ts';
import type { ReceiptLine } from './read-line.ts';
import type { ReceiptsFile } from './receipts-file.ts';

/** A receipt, or a return, whose rows are put together. */
export interface Receipt {
  key: string;
  rows: Row[];
  lines: ReceiptLine[];
  /** Of a row that cannot be understood: without it the receipt is not whole. */
  badLine: number | undefined;
}

/** An item of a receipt as it is recorded. Amounts in minor units, the quantity in thousandths. */
interface Item {
  product_id: string;
  quantity: number;
  price: number;
  discount: number;
}

/** Whose keys these are: a file's key can never meet a till's. */
export const CREDENTIAL = 'loader';

/** What a quantity in thousandths costs, rounded half up as `record_purchases` does. */
const lineAmount = (quantity: number, price: number): number => Math.floor((quantity * price + 500) / 1000);

/** The smallest price at which a quantity costs an amount or more. */
export const priceFor = (quantity: number, amount: number): number => {
  let price = Math.floor((amount * 1000) / quantity);
  while (lineAmount(quantity, price) < amount) price++;
  return price;
};

/**
 * A line whose amount is known and not its price. Three that cost 10.00 are two at 3.33 and one at 3.34; of a weight that no
 * price gives exactly the amount for, the rest is taken off as a discount.
 */
const itemsOfAmount = (product_id: string, quantity: number, amount: number, discount: number): Item[] => {
  const pieces = quantity / 1000;
  if (!Number.isInteger(pieces)) {
    const price = priceFor(quantity, amount);
    return [{ product_id, quantity, price, discount: discount + lineAmount(quantity, price) - amount }];
  }
  const price = Math.floor(amount / pieces);
  const dearer = amount - price * pieces;
  const cheap = { product_id, quantity: (pieces - dearer) * 1000, price };
  if (dearer === 0) return [{ ...cheap, discount }];
  const off = Math.min(discount, (pieces - dearer) * price);
  return [
    { ...cheap, discount: off },
    { product_id, quantity: dearer * 1000, price: price + 1, discount: discount - off },
  ];
};

/** The items that a line is recorded as. */
export const itemsOf = ({ product_id, quantity, price, discount }: ReceiptLine): Item[] =>
  price.of === 'line'
    ? itemsOfAmount(product_id, quantity, price.minor, discount)
    : [{ product_id, quantity, price: price.minor, discount }];

/** What an item costs before its discount. */
export const amountOf = ({ quantity, price }: Item) => lineAmount(quantity, price);

/** A list beside the items; absent where each of them is the usual. */
const listOf = <Value>(items: readonly Item[], value: (item: Item) => Value, usual: Value) => {
  const values = items.map(value);
  return values.every((one) => one === usual) ? undefined : values;
};

/** The purchase that a receipt is, or why it is none. */
export const purchaseOf = (
  receipt: Receipt,
  file: Pick<ReceiptsFile, 'map' | 'columnOf'>,
  decimals: number,
): PurchaseInput | Reason[] => {
  const { key, lines } = receipt;
  const [first] = lines;
  if (first === undefined) return [{ kind: 'the receipt has no line' }];
  const items = lines.flatMap(itemsOf);
  const before = items.reduce((sum, item) => sum + amountOf(item) - item.discount, 0);
  if (items.some((item) => amountOf(item) > MAX_AMOUNT_MINOR) || before > MAX_AMOUNT_MINOR) {
    return [{ kind: `a receipt comes to ${fromMinor(MAX_AMOUNT_MINOR, decimals)} at most` }];
  }
  const off = first.net_total === undefined ? first.receipt_discount : before - first.net_total;
  if (off < 0) {
    return [
      {
        kind: `${file.columnOf('net_total')}: is more than the lines come to, which is`,
        detail: fromMinor(before, decimals),
      },
    ];
  }
  const customer_id = lines.find((line) => line.customer_id !== null)?.customer_id ?? null;
  const total = before - off;

  const quantities = listOf(items, ({ quantity }) => quantity / 1000, 1);
  const discounts_minor = listOf(items, ({ discount }) => discount, 0);
  return {
    idempotency_key: key,
    credential: CREDENTIAL,
    fingerprint: contentHash(key, first.time.written, customer_id, items, off),
    branch_id: first.branch_id,
    customer_id,
    sold_at: new Date(first.time.instant).toISOString(),
    items: items.map(({ product_id }) => product_id),
    unit_prices_minor: items.map(({ price }) => price),
    any_price: true,
    ...(quantities !== undefined && { quantities }),
    ...(discounts_minor !== undefined && { discounts_minor }),
    ...(off > 0 && { discount_minor: off }),
    ...(first.cashier !== '' && { cashier: first.cashier }),
    ...(first.channel !== 'pos' && { channel: first.channel }),
    ...(first.tender !== '' &&
      total > 0 && { tenders: [{ type: first.tender.toLowerCase().slice(0, 32), amount_minor: total }] }),
    receipt_number: first.receipt_number,
    expected_total_minor: total,
  };
};

/** The SHA-256 (hex) of what a receipt says, in whatever order its lines stand. */
const contentHash = (key: string, written: string, customer: string | null, items: readonly Item[], off: number) => {
  const lines = items.map(
    ({ product_id, quantity, price, discount }) => `${product_id} ${quantity} ${price} ${discount}`,
  );
  return hash('sha256', [key, written, customer ?? '', off, ...lines.sort()].join('\n'));
};
