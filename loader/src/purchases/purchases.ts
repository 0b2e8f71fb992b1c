import type { PurchaseInput } from '@tillstream/pos-api/record-purchases';
import { branchId, hasControlCharacter, type PURCHASE_COLUMNS, productId } from '@tillstream/schemas/files';
import { fromMinor, MAX_AMOUNT_MINOR, toMinor } from '@tillstream/schemas/money';
import { widthFault } from '../files/csv-file.ts';
import type { Row } from '../files/rows.ts';
import { contentHash } from './identity.ts';
import type { ShopClock } from './times.ts';

/** A purchase that its row describes, and the row, should the system refuse it. */
export interface RowPurchase {
  row: Row;
  purchase: PurchaseInput;
}

/** What a row of a purchases file is checked against. */
export interface PurchaseRules {
  /** Fields per row, and where each column stands. */
  width: number;
  at: Record<(typeof PURCHASE_COLUMNS)[number], number>;
  /** Stored branch ids, by their id in upper case. */
  branches: ReadonlyMap<string, string>;
  /** Prices in minor units, by product id. */
  prices: ReadonlyMap<string, number>;
  /** Decimals of the shop's currency. */
  decimals: number;
  clock: ShopClock;
  /** The first moment at which a sale may be, in milliseconds since 1970. */
  since: number;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whose keys these are: a file's key can never meet a till's. */
const CREDENTIAL = 'loader';

/** Tills' clocks may be ahead by this much: milliseconds. */
const AHEAD = 5 * 60_000;

/** Reads the product names of an `items_list` once each: there are few of them and many rows. */
const productIds = new Map<string, string>();
const idOf = (name: string): string => {
  let id = productIds.get(name);
  if (id === undefined) {
    id = productId(name);
    if (productIds.size >= 10_000) productIds.clear();
    productIds.set(name, id);
  }
  return id;
};

/** Checks the names of a basket; answers its product ids, in order, and the sum of the prices that are known. */
const readItems = (text: string, prices: ReadonlyMap<string, number>, reasons: string[]) => {
  const items: string[] = [];
  let sum = 0;
  if (text.trim() === '') {
    reasons.push('items_list: is empty');
    return { items, sum };
  }
  for (const name of text.split(',')) {
    const id = idOf(name);
    if (id === '') {
      reasons.push('items_list: has an empty name');
      continue;
    }
    const price = prices.get(id);
    if (price === undefined) reasons.push(`items_list: unknown product ${JSON.stringify(name.trim())}`);
    else if (items.includes(id)) reasons.push(`items_list: ${JSON.stringify(name.trim())} stands there twice`);
    items.push(id);
    sum += price ?? 0;
  }
  return { items, sum };
};

/** The purchase of a row, or every reason why it is none. */
export const readPurchase = (row: Row, rules: PurchaseRules): RowPurchase | string[] => {
  const broken = widthFault(row, rules.width);
  if (broken !== undefined || row.fields === undefined) return [broken ?? 'cannot be read'];
  const { fields } = row;
  const column = (name: keyof PurchaseRules['at']) => fields[rules.at[name]] ?? '';
  const reasons: string[] = [];
  if (hasControlCharacter(row.text)) reasons.push('the row holds a control character');

  const givenBranch = branchId(column('supermarket_id'));
  const branch_id = rules.branches.get(givenBranch);
  if (branch_id === undefined) reasons.push(`supermarket_id: unknown branch ${JSON.stringify(givenBranch)}`);

  const time = rules.clock.read(column('timestamp'));
  if (typeof time === 'string') reasons.push(`timestamp: ${time}`);
  else if (time.instant < rules.since) reasons.push('timestamp: is before CHAIN_SINCE');
  else if (time.instant > Date.now() + AHEAD) reasons.push('timestamp: is in the future');

  const customer_id = column('user_id').trim().toLowerCase() || null;
  if (customer_id !== null && !UUID.test(customer_id)) reasons.push('user_id: is not a UUID');

  const { items, sum } = readItems(column('items_list'), rules.prices, reasons);

  const total_minor = toMinor(column('total_amount'), rules.decimals);
  if (total_minor === undefined) {
    const [such, most] = [1230, MAX_AMOUNT_MINOR].map((minor) => fromMinor(minor, rules.decimals));
    reasons.push(`total_amount: is not an amount such as ${such}, at most ${most}`);
  }

  if (reasons.length > 0 || branch_id === undefined || typeof time === 'string' || total_minor === undefined) {
    // A sum of a basket that is itself in doubt says nothing.
    const basketKnown = !reasons.some((reason) => reason.startsWith('items_list'));
    if (basketKnown && total_minor !== undefined && total_minor !== sum) reasons.push(totalReason(sum, rules));
    return reasons;
  }

  // Whether the prices add up is left to the system: only it can know a row of an earlier load, when prices were others.
  const fingerprint = contentHash({ branch_id: givenBranch, written: time.written, customer_id, items, total_minor });
  return {
    row,
    purchase: {
      idempotency_key: `csv:${fingerprint}`,
      credential: CREDENTIAL,
      fingerprint,
      branch_id,
      customer_id,
      sold_at: new Date(time.instant).toISOString(),
      items,
      expected_total_minor: total_minor,
    },
  };
};

const totalReason = (sum: number, { decimals }: Pick<PurchaseRules, 'decimals'>) =>
  `total_amount: the prices add up to ${fromMinor(sum, decimals)}`;

const COLUMN_OF: Record<string, string> = {
  branch_id: 'supermarket_id',
  sold_at: 'timestamp',
  customer_id: 'user_id',
  items: 'items_list',
  total_minor: 'total_amount',
};

/** A fault that the system found, in the words of the file: `#/items/0/product_id` is in `items_list`. */
export const faultReason = (
  fault: { pointer: string; detail: string },
  { items }: PurchaseInput,
  rules: Pick<PurchaseRules, 'prices' | 'decimals'>,
): string => {
  const place = fault.pointer.split('/')[1] ?? '';
  const known = items.map((id) => rules.prices.get(id) ?? Number.NaN).reduce((sum, price) => sum + price, 0);
  if (place === 'total_minor' && !Number.isNaN(known)) return totalReason(known, rules);
  return `${COLUMN_OF[place] ?? place}: ${fault.detail}`;
};
