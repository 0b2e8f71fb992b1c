import type { PurchaseInput } from '@tillstream/pos-api/record-purchases';
import { customerIdOf, MAX_CUSTOMER_ID } from '@tillstream/schemas/customer-id';
import {
  branchId,
  hasControlCharacter,
  isBranchId,
  nameKey,
  type OPTIONAL_PURCHASE_COLUMNS,
  type PURCHASE_COLUMNS,
  productId,
} from '@tillstream/schemas/files';
import { fromMinor, MAX_AMOUNT_MINOR, toMinor } from '@tillstream/schemas/values/money';
import { LRUCache } from 'lru-cache';
import { type CsvFile, widthFault } from '../files/csv-file.ts';
import type { Reason } from '../files/reasons.ts';
import type { Row } from '../files/rows.ts';
import { contentHash } from './identity.ts';
import type { Occurrences } from './occurrences.ts';
import type { ShopClock } from './times.ts';

/** A file of purchases. */
export type PurchasesFile = CsvFile<(typeof PURCHASE_COLUMNS)[number], (typeof OPTIONAL_PURCHASE_COLUMNS)[number]>;

/** What a row of a purchases file is checked against. */
export interface PurchaseRules {
  file: Pick<PurchasesFile, 'width' | 'at'>;
  /** Stored branch ids, by their id in upper case. */
  branches: ReadonlyMap<string, string>;
  /** Whether a branch that is not among them is one that the file names; otherwise it is a mistake. */
  anyBranch: boolean;
  /** Prices in minor units, by product id. */
  prices: ReadonlyMap<string, number>;
  /** Names that are not the product that their id says, see `ProductsFile.clashes`. */
  clashes: ReadonlyMap<string, string>;
  /** Decimals of the shop's currency. */
  decimals: number;
  clock: ShopClock;
  /** The first moment at which a sale may be, in milliseconds since 1970. */
  since: number;
  /** Of the rows of this file. */
  occurrences: Occurrences;
}

/** Whose keys these are: a file's key can never meet a till's. */
const CREDENTIAL = 'loader';

const MAX_RECEIPT_NUMBER = 100;

/** Tills' clocks may be ahead by this much: milliseconds. */
const AHEAD = 5 * 60_000;

/** There are few product names and many rows. */
const productIds = new LRUCache<string, string>({ max: 10_000, memoMethod: productId });

/** The text of a column; empty where the file has no such column. */
const fieldAt = (fields: readonly string[], at: number | undefined): string =>
  at === undefined ? '' : (fields[at] ?? '');

/** Checks the names of a basket; answers its product ids, in order, and the sum of the prices that are known. */
const readItems = (text: string, { prices, clashes }: PurchaseRules, reasons: Reason[]) => {
  const items: string[] = [];
  let sum = 0;
  if (text.trim() === '') {
    reasons.push({ kind: 'items_list: is empty' });
    return { items, sum };
  }
  for (const name of text.split(',')) {
    const id = productIds.memo(name);
    if (id === '') {
      reasons.push({ kind: 'items_list: has an empty name' });
      continue;
    }
    const price = prices.get(id);
    const namesake = clashes.size === 0 ? undefined : clashes.get(nameKey(name));
    const quoted = JSON.stringify(name.trim());
    if (price === undefined) reasons.push({ kind: 'items_list: unknown product', detail: quoted });
    else if (namesake !== undefined) {
      const detail = `${quoted} and ${JSON.stringify(namesake)} are both ${id}`;
      reasons.push({ kind: 'items_list: two names share an id:', detail });
    } else if (items.includes(id)) reasons.push({ kind: 'items_list: a product stands there twice:', detail: quoted });
    items.push(id);
    sum += price ?? 0;
  }
  return { items, sum };
};

/** The purchase of a row, or every reason why it is none. */
export const readPurchase = (row: Row, rules: PurchaseRules): PurchaseInput | Reason[] => {
  const broken = widthFault(row, rules.file.width);
  if (broken !== undefined || row.fields === undefined) return [broken ?? { kind: 'the row cannot be read' }];
  const { fields } = row;
  const { at } = rules.file;
  const reasons: Reason[] = [];
  if (fields.some(hasControlCharacter)) reasons.push({ kind: 'the row holds a control character' });

  const givenBranch = branchId(fieldAt(fields, at.supermarket_id));
  const named = rules.anyBranch && isBranchId(givenBranch) ? givenBranch : undefined;
  const branch_id = rules.branches.get(givenBranch) ?? named;
  if (branch_id === undefined) {
    reasons.push({ kind: 'supermarket_id: unknown branch', detail: JSON.stringify(givenBranch) });
  }

  const time = rules.clock.read(fieldAt(fields, at.timestamp));
  if (typeof time === 'string') reasons.push({ kind: `timestamp: ${time}` });
  else if (time.instant < rules.since) reasons.push({ kind: 'timestamp: is before CHAIN_SINCE' });
  else if (time.instant > Date.now() + AHEAD) reasons.push({ kind: 'timestamp: is in the future' });

  const user = fieldAt(fields, at.user_id).trim();
  const customer_id = customerIdOf(user);
  if (user.length > MAX_CUSTOMER_ID) {
    reasons.push({ kind: `user_id: is longer than ${MAX_CUSTOMER_ID} characters` });
  }

  const receipt = fieldAt(fields, at.receipt_number).trim();
  if (receipt.length > MAX_RECEIPT_NUMBER) {
    reasons.push({ kind: `receipt_number: is longer than ${MAX_RECEIPT_NUMBER} characters` });
  }

  const before = reasons.length;
  const { items, sum } = readItems(fieldAt(fields, at.items_list), rules, reasons);
  const basketKnown = reasons.length === before;

  const total_minor = toMinor(fieldAt(fields, at.total_amount), rules.decimals);
  if (total_minor === undefined) {
    const [such, most] = [1230, MAX_AMOUNT_MINOR].map((minor) => fromMinor(minor, rules.decimals));
    reasons.push({ kind: `total_amount: is not an amount such as ${such}, at most ${most}` });
  }

  if (reasons.length > 0 || branch_id === undefined || typeof time === 'string' || total_minor === undefined) {
    // A sum of a basket that is itself in doubt says nothing.
    if (basketKnown && total_minor !== undefined && total_minor !== sum) reasons.push(totalReason(sum, rules));
    return reasons;
  }

  // Whether the prices add up is left to the system: only it can know a row of an earlier load, when prices were others.
  const fingerprint = contentHash({ branch_id: givenBranch, written: time.written, customer_id, items, total_minor });
  return {
    idempotency_key: receipt === '' ? contentKey(fingerprint, rules.occurrences) : `receipt:${givenBranch}:${receipt}`,
    credential: CREDENTIAL,
    fingerprint,
    branch_id,
    customer_id,
    sold_at: new Date(time.instant).toISOString(),
    items,
    ...(receipt !== '' && { receipt_number: receipt }),
    expected_total_minor: total_minor,
  };
};

/** Equal rows without a receipt number are as many sales; the same rows in another load have the same keys. */
const contentKey = (fingerprint: string, occurrences: Occurrences): string => {
  const nth = occurrences.next(fingerprint);
  return nth === 1 ? `csv:${fingerprint}` : `csv:${fingerprint}:${nth}`;
};

const totalReason = (sum: number, { decimals }: Pick<PurchaseRules, 'decimals'>): Reason => ({
  kind: 'total_amount: the prices add up to',
  detail: fromMinor(sum, decimals),
});

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
): Reason => {
  const place = fault.pointer.split('/')[1] ?? '';
  const known = items.map((id) => rules.prices.get(id) ?? Number.NaN).reduce((sum, price) => sum + price, 0);
  if (place === 'total_minor' && !Number.isNaN(known)) return totalReason(known, rules);
  return { kind: `${COLUMN_OF[place] ?? place}:`, detail: fault.detail };
};
