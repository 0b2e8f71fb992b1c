import { hash } from 'node:crypto';
import type { FileReturn } from '@tillstream/pos-api/return-of-file';
import { fromMinor } from '@tillstream/schemas/values/money';
import type { Reason } from '../files/reasons.ts';
import type { ReceiptLine } from './read-line.ts';
import { amountOf, CREDENTIAL, itemsOf, type Receipt } from './receipt.ts';
import type { ReceiptsFile } from './receipts-file.ts';

/** The return that rows of a file tell of: each product once, with what the rows say was given back for all of it. */
export const returnOf = ({ key, lines }: Receipt): FileReturn | Reason[] => {
  const [first] = lines;
  if (first === undefined) return [{ kind: 'the return has no line' }];
  return made(first, key, first.original === '' ? null : first.original, lines);
};

/**
 * The return that a refunded order says of itself: all of it came back, at a time that the file does not tell, so at its own. Undefined
 * where nothing was given back; a reason where it was a part, of which nobody knows for which items.
 */
export const refundOf = (
  { lines }: Receipt,
  total: number,
  file: Pick<ReceiptsFile, 'columnOf'>,
  decimals: number,
): FileReturn | Reason[] | undefined => {
  const [first] = lines;
  if (first === undefined || first.refunded === 0) return undefined;
  if (first.refunded >= total) {
    const key = `return:${first.branch_id.toUpperCase()}:${first.receipt_number}:refunded`;
    return { ...made(first, key, first.receipt_number, lines), expected_total_minor: total };
  }
  const [part, all] = [first.refunded, total].map((minor) => fromMinor(minor, decimals));
  const kind = `${file.columnOf('refunded')}: a part was given back, and the file does not say for which items:`;
  return [{ kind, detail: `${part} of ${all}` }];
};

const made = (first: ReceiptLine, key: string, original: string | null, lines: readonly ReceiptLine[]): FileReturn => {
  const quantities = new Map<string, number>();
  let back = 0;
  for (const item of lines.flatMap(itemsOf)) {
    quantities.set(item.product_id, (quantities.get(item.product_id) ?? 0) + item.quantity);
    back += amountOf(item) - item.discount;
  }
  const products = [...quantities].sort(([one], [other]) => (one < other ? -1 : 1));
  const customer_id = lines.find((line) => line.customer_id !== null)?.customer_id ?? null;
  return {
    idempotency_key: key,
    credential: CREDENTIAL,
    fingerprint: hash('sha256', [key, customer_id ?? '', back, ...products.map((one) => one.join(' '))].join('\n')),
    branch_id: first.branch_id,
    original,
    receipt_number: first.receipt_number,
    customer_id,
    returned_at: new Date(first.time.instant).toISOString(),
    items: products.map(([product]) => product),
    quantities: products.map(([, quantity]) => String(quantity / 1000)),
    cashier: first.cashier === '' ? null : first.cashier,
    who: CREDENTIAL,
    expected_total_minor: back,
  };
};

/** Returns in the order in which they came back: which purchase one is of may hang on those before it. */
export const inTheirOrder = <Entry extends { given: FileReturn }>(entries: readonly Entry[]): Entry[] => {
  const orderOf = ({ given }: Entry) => `${given.returned_at} ${given.idempotency_key}`;
  return [...entries].sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));
};
