import type { Fault, PurchaseInput } from '@tillstream/pos-api/record-purchases';
import type { FileReturn } from '@tillstream/pos-api/return-of-file';
import { fromMinor } from '@tillstream/schemas/values/money';
import type { Reason } from '../files/reasons.ts';
import { type Loading, recordAll, rejecter } from '../record/recorder.ts';
import type { Store } from '../store.ts';
import { newProducts } from './new-products.ts';
import { lineReader, type ReceiptRules, receiptKey, returnKey } from './read-line.ts';
import { purchaseOf, type Receipt } from './receipt.ts';
import { inTheirOrder, refundOf, returnOf } from './returns.ts';

/** What a load of a file of receipts works with. */
export interface ReceiptsLoad extends Loading {
  rules: ReceiptRules;
  /** Names of products that only the file names. */
  newProducts: string[];
}

/**
 * Loads a file of receipts, a row a line item. It is read whole before the first receipt is recorded, since the rows of a receipt
 * may stand anywhere; returns come last, since they are of purchases. Products and branches that nobody knew are added. See
 * {@link recordAll} for what else it promises and throws.
 */
export const loadReceipts = async (store: Store, load: ReceiptsLoad): Promise<void> => {
  const { rules, rejects } = load;
  const { file } = rules;
  const reject = rejecter(load);
  const words = { kept: file.kept, faultReason: (fault: Fault) => faultReason(fault, file, rules.decimals) };
  await recordAll(store, load, words, async (record, stop) => {
    const receipts = await readReceipts(load, stop);
    const whole: { receipt: Receipt; purchase: PurchaseInput }[] = [];
    const returns: { receipt: Receipt; rows: Receipt['rows']; given: FileReturn }[] = [];
    for (const receipt of receipts) {
      const { badLine, lines, rows } = receipt;
      if (badLine !== undefined) {
        reject(rows, [{ kind: 'another row of the receipt is rejected: line', detail: badLine }]);
      } else if (lines[0]?.isReturn) {
        const given = returnOf(receipt);
        if (Array.isArray(given)) reject(rows, given);
        else returns.push({ receipt, rows, given });
      } else {
        const purchase = purchaseOf(receipt, file, rules.decimals);
        const refund = Array.isArray(purchase)
          ? undefined
          : refundOf(receipt, purchase.expected_total_minor ?? 0, file, rules.decimals);
        if (Array.isArray(purchase)) reject(rows, purchase);
        else if (Array.isArray(refund)) reject(rows, refund);
        else {
          whole.push({ receipt, purchase });
          // Its rows are counted with the order.
          if (refund !== undefined) returns.push({ receipt, rows: [], given: refund });
        }
      }
    }
    await rejects.flush();
    const sold = whole.map(({ receipt }) => receipt);
    await addCatalog(
      store,
      load,
      sold,
      returns.map(({ receipt }) => receipt),
    );
    for (const { receipt, purchase } of whole) await record({ rows: receipt.rows, purchase });
    return inTheirOrder(returns).map(({ rows, given }) => ({ rows, given, faultReason: words.faultReason }));
  });
};

/** Puts the rows of a file together; those that cannot be a part of a receipt are rejected. */
const readReceipts = async (load: ReceiptsLoad, stop: AbortSignal): Promise<Iterable<Receipt>> => {
  const { rules, progress, rejects } = load;
  const { file } = rules;
  const reject = rejecter(load);
  const readLine = lineReader(rules);
  const receipts = new Map<string, Receipt>();
  const receiptOf = (key: string) => {
    const known = receipts.get(key) ?? { key, rows: [], lines: [], badLine: undefined };
    receipts.set(key, known);
    return known;
  };
  const onBytes = (bytes: number) => {
    progress.bytes += bytes;
  };
  for await (const rows of file.rows(onBytes, stop)) {
    for (const row of rows) {
      progress.rows++;
      const line = readLine(row);
      if ('reasons' in line) {
        reject([row], line.reasons);
        if (line.key !== undefined) receiptOf(line.key).badLine ??= row.line;
        continue;
      }
      const place = line.branch_id.toUpperCase();
      const receipt = receiptOf(
        line.isReturn
          ? returnKey(place, line.receipt_number, line.time, line.original)
          : receiptKey(place, line.receipt_number),
      );
      const [first] = receipt.lines;
      const customer = receipt.lines.find(({ customer_id }) => customer_id !== null)?.customer_id ?? line.customer_id;
      const isOther = first !== undefined && first.time.written !== line.time.written;
      if (first !== undefined && (isOther || (line.customer_id !== null && line.customer_id !== customer))) {
        const kind = `${file.columnOf('receipt_number')}: stands on another row with another time or customer:`;
        reject([row], [{ kind, detail: `lines ${first.row.line} and ${row.line}` }]);
        continue;
      }
      receipt.lines.push(line);
      receipt.rows.push(row);
    }
    await rejects.flush();
    load.onProgress();
  }
  return receipts.values();
};

/** Adds the products and branches of receipts that nobody knew. */
const addCatalog = async (
  store: Store,
  { rules, newBranches, newProducts: names }: ReceiptsLoad,
  sold: readonly Receipt[],
  returned: readonly Receipt[],
) => {
  const products = newProducts(sold, await store.listProducts());
  if (products.length > 0) await store.addProducts(products);
  names.push(...products.map(({ name }) => name));

  const branches = new Map<string, { branch_id: string; name: string; country: string }>();
  for (const { lines } of [...sold, ...returned]) {
    const [line] = lines;
    if (line === undefined || rules.branches.has(line.branch_id.toUpperCase()) || branches.has(line.branch_id))
      continue;
    branches.set(line.branch_id, { branch_id: line.branch_id, name: line.branch_name, country: line.country });
  }
  if (branches.size > 0) await store.addBranches([...branches.values()]);
  newBranches.push(...branches.keys());
};

/** More of a product than the chain allows: the reason by which such receipts are counted. */
const LIMIT = /MAX_QUANTITY_PER_PRODUCT|must be 1: each product|is listed more than once/;

/** A fault that the system found, in the words of the file. */
const faultReason = ({ pointer, detail }: Fault, { at, columnOf }: ReceiptRules['file'], decimals: number): Reason => {
  const [, place = '', , field] = pointer.split('/');
  if (LIMIT.test(detail))
    return { kind: `${columnOf('quantity')}: more than MAX_QUANTITY_PER_PRODUCT allows:`, detail };
  if (place === 'items' && field === 'quantity') return { kind: `${columnOf('quantity')}:`, detail };
  if (place === 'items' && field === 'discount_minor') return { kind: `${columnOf('discount')}:`, detail };
  if (place === 'items') return { kind: `${columnOf('product')}:`, detail };
  if (place === 'sold_at' || place === 'returned_at') return { kind: `${columnOf('timestamp')}:`, detail };
  const [paid] = /^\d+/.exec(detail) ?? [];
  if (place === 'total_minor' && paid !== undefined) {
    const column = columnOf(at.unit_price === undefined ? 'amount' : 'unit_price');
    return { kind: `${column}: is not what was paid for it, which is`, detail: fromMinor(Number(paid), decimals) };
  }
  if (place === 'discount_minor') return { kind: `${columnOf('receipt_discount')}:`, detail };
  return { kind: `${place}:`, detail };
};
