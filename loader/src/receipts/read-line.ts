import { hash } from 'node:crypto';
import { customerIdOf, MAX_CUSTOMER_ID } from '@tillstream/schemas/customer-id';
import { branchId, hasControlCharacter, isBranchId, nameKey, productId } from '@tillstream/schemas/files';
import { CHANNELS } from '@tillstream/schemas/values/choices';
import { fromMinor, MAX_AMOUNT_MINOR } from '@tillstream/schemas/values/money';
import { LRUCache } from 'lru-cache';
import { widthFault } from '../files/csv-file.ts';
import type { Reason } from '../files/reasons.ts';
import type { Row } from '../files/rows.ts';
import type { ShopTime } from '../purchases/times.ts';
import type { Field } from './map.ts';
import { RECEIPT_FIELDS } from './map.ts';
import type { ReceiptsFile } from './receipts-file.ts';
import { readAmount, readQuantity } from './values/numbers.ts';
import type { Times } from './values/receipt-times.ts';

/** What a row of receipts is checked against. */
export interface ReceiptRules {
  file: ReceiptsFile;
  /** Stored branch ids, by their id in upper case. */
  branches: ReadonlyMap<string, string>;
  /** Whether a branch that is not among them is one that the file names; otherwise it is a mistake. */
  anyBranch: boolean;
  /** Decimals of the shop's currency. */
  decimals: number;
  times: Times;
  /** The first moment at which a sale may be, in milliseconds since 1970. */
  since: number;
}

/** A line item of a receipt, and what its row says of the receipt. Amounts in minor units, quantities in thousandths. */
export interface ReceiptLine {
  row: Row;
  branch_id: string;
  branch_name: string;
  country: string;
  receipt_number: string;
  time: ShopTime;
  customer_id: string | null;
  cashier: string;
  tender: string;
  channel: 'pos' | 'web';
  receipt_discount: number;
  /** What the receipt comes to, where the file says so. */
  net_total: number | undefined;
  product_id: string;
  product_name: string;
  sku: string;
  category: string;
  quantity: number;
  /** What one costs, or else what the line costs, before its discount. */
  price: { of: 'unit' | 'line'; minor: number };
  discount: number;
  /** Whether the customer brought it back: quantity and amounts are what came back, the time is when. */
  isReturn: boolean;
  /** Of a return: the number of the receipt that it is of; empty where the row does not say. */
  original: string;
  /** What of the whole order was given back, as far as the file says; 0 for none. */
  refunded: number;
}

/** Why a row is no line of a receipt; `key` is its receipt or return where that can be told, which is then incomplete. */
export interface BadLine {
  reasons: Reason[];
  key: string | undefined;
}

/** Tills' clocks may be ahead by this much: milliseconds. */
const AHEAD = 5 * 60_000;
const MAX_RECEIPT_NUMBER = 100;
const MAX_NAME = 100;

type Texts = Partial<Record<Field, string>>;

/** There are few names and many rows. */
const branchIds = new LRUCache<string, string>({
  max: 10_000,
  memoMethod: (name) => {
    const id = branchId(name);
    if (isBranchId(id)) return id;
    // A place is called by its name: `Châtelet, 2` is CHATELET-2.
    const letters = id.normalize('NFD').replace(/\p{M}/gu, '');
    return letters.replace(/[^A-Z0-9_-]+/g, '-').replace(/^-+|-+$/g, '');
  },
});
const productIds = new LRUCache<string, string>({ max: 100_000, memoMethod: productId });

/** The hash behind an id that is no UUID is dear, and customers come again. */
const customerIds = new LRUCache<string, string>({
  max: 100_000,
  memoMethod: (given) => customerIdOf(given) ?? '',
});

/** The identity of a receipt: its number in its branch. */
export const receiptKey = (branch: string, receiptNumber: string): string => `receipt:${branch}:${receiptNumber}`;

/** The identity of a return: its number in its branch, and, since a refund may have the number of the order, its time and original. */
export const returnKey = (branch: string, receiptNumber: string, time: ShopTime, original: string): string => {
  const rest = hash('sha256', [receiptNumber, time.written, original].join('\n')).slice(0, 16);
  return `return:${branch}:${receiptNumber}:${rest}`;
};

/** Reads the rows of a file in their order: what stands in the first row of an order alone is of all its rows. */
export const lineReader = (rules: ReceiptRules) => {
  const { file, decimals } = rules;
  const { map, at, columnOf } = file;
  const mapped = Object.entries(at) as [Field, number[]][];
  const style = { decimal: map.decimal, thousands: map.thousands };
  const firstRows = new Map<string, Texts>();
  const [such, most] = [1230, MAX_AMOUNT_MINOR].map((minor) => fromMinor(minor, decimals).replace('.', map.decimal));
  const names = new Map<string, { key: string; name: string; line: number }>();

  const textsOf = (fields: readonly string[]): Texts => {
    const texts: Texts = {};
    for (const [field, places] of mapped) {
      const [first = 0] = places;
      texts[field] =
        places.length === 1
          ? (fields[first] ?? '').trim()
          : places
              .map((place) => fields[place]?.trim())
              .join(' ')
              .trim();
    }
    const receipt = texts.receipt_number ?? '';
    if (map.order_in_first_row && receipt !== '') {
      const order = firstRows.get(receipt);
      if (order === undefined) firstRows.set(receipt, texts);
      else for (const field of RECEIPT_FIELDS) texts[field] = texts[field] || (order[field] ?? '');
    }
    for (const [field, text] of Object.entries(map.defaults) as [Field, string][]) texts[field] = texts[field] || text;
    return texts;
  };

  return (row: Row): ReceiptLine | BadLine => {
    const broken = widthFault(row, file.width);
    if (broken !== undefined || row.fields === undefined) {
      return { reasons: [broken ?? { kind: 'the row cannot be read' }], key: undefined };
    }
    const texts = textsOf(row.fields);
    const reasons: Reason[] = [];
    const fault = (field: Field, what: string, detail?: string) =>
      void reasons.push({ kind: `${columnOf(field)}: ${what}`, ...(detail !== undefined && { detail }) });
    const text = (field: Field) => texts[field] ?? '';
    const quoted = (field: Field) => JSON.stringify(text(field));
    const amount = (field: Field): number | undefined => {
      const minor = readAmount(text(field), style, decimals);
      if (minor === undefined) fault(field, `is not an amount such as ${such}, at most ${most}:`, quoted(field));
      return minor;
    };
    const optionalAmount = (field: Field) => (text(field) === '' ? undefined : amount(field));
    const short = (field: Field, length: number) => {
      if (text(field).length > length) fault(field, `is longer than ${length} characters`);
    };

    if (hasControlCharacter(row.text)) {
      for (const [field] of mapped) if (hasControlCharacter(text(field))) fault(field, 'holds a control character');
    }

    const given = branchIds.memo(text('branch'));
    const branch_id = rules.branches.get(given) ?? (rules.anyBranch && isBranchId(given) ? given : undefined);
    if (branch_id === undefined) fault('branch', 'unknown branch', quoted('branch'));
    short('country', MAX_NAME);
    const receipt_number = text('receipt_number');
    if (receipt_number === '') fault('receipt_number', 'is empty');
    short('receipt_number', MAX_RECEIPT_NUMBER);
    const isNamed = reasons.length === 0;

    const time = rules.times.read(text('timestamp'), text('time_zone'));
    if ('fault' in time) fault(time.field, time.fault, quoted(time.field));
    else if (time.instant < rules.since) fault('timestamp', 'is before CHAIN_SINCE');
    else if (time.instant > Date.now() + AHEAD) fault('timestamp', 'is in the future');
    if (text('cancelled') !== '') fault('cancelled', 'the order was cancelled');
    short('customer', MAX_CUSTOMER_ID);
    short('cashier', 64);
    const channel =
      text('channel') === '' ? map.channel : CHANNELS.find((one) => one === text('channel').toLowerCase());
    if (channel === undefined) fault('channel', 'is not pos or web:', quoted('channel'));

    const product_id = productIds.memo(text('product') || text('sku'));
    const product_name = text('product') || text('sku');
    const named = names.get(product_id);
    if (product_id === '') fault('product', 'is empty');
    else if (product_name.length > MAX_NAME) fault('product', `is longer than ${MAX_NAME} characters`);
    else if (named === undefined)
      names.set(product_id, { key: nameKey(product_name), name: product_name, line: row.line });
    else if (named.name !== product_name && named.key !== nameKey(product_name)) {
      const other = `${JSON.stringify(named.name)} (line ${named.line})`;
      fault('product', 'two names share an id:', `${other} and ${JSON.stringify(product_name)} are both ${product_id}`);
    }
    short('category', MAX_NAME);

    const quantity = readQuantity(text('quantity'), style);
    if (quantity === undefined) {
      fault('quantity', `is not a quantity such as 2 or 0${map.decimal}735, at most 10000:`, quoted('quantity'));
    } else if (quantity === 0) fault('quantity', 'is 0');
    const of = at.unit_price === undefined ? 'line' : 'unit';
    const minor = amount(of === 'unit' ? 'unit_price' : 'amount');
    // A quantity that cannot be read is one of a return, too, where it begins like one.
    const isNegative = quantity === undefined ? /^[-\u2212(]/.test(text('quantity')) : quantity < 0;
    const isReturn = map.return_events.includes(text('event')) || isNegative;
    if (minor !== undefined && minor < 0 && !isReturn) fault(of === 'unit' ? 'unit_price' : 'amount', 'is below 0');
    const discount = optionalAmount('discount') ?? 0;
    const receipt_discount = optionalAmount('receipt_discount') ?? 0;
    const net_total = optionalAmount('net_total');
    const refunded = optionalAmount('refunded') ?? 0;

    const original = text('original_receipt');
    // A return is a fact of its own: the receipt that names it is whole without it.
    let key: string | undefined;
    if (isNamed && !isReturn) key = receiptKey(given, receipt_number);
    else if (isNamed && !('fault' in time)) key = returnKey(given, receipt_number, time, original);
    short('original_receipt', MAX_RECEIPT_NUMBER);
    if (
      reasons.length > 0 ||
      branch_id === undefined ||
      'fault' in time ||
      quantity === undefined ||
      channel === undefined ||
      minor === undefined
    ) {
      return { reasons, key };
    }
    return {
      row,
      branch_id,
      branch_name: text('branch') || branch_id,
      country: text('country'),
      receipt_number,
      time,
      customer_id: text('customer') === '' ? null : customerIds.memo(text('customer')) || null,
      cashier: text('cashier'),
      tender: text('tender'),
      channel,
      // Some tills write what is taken off with a minus.
      receipt_discount: Math.abs(receipt_discount),
      net_total,
      product_id,
      product_name,
      sku: text('sku'),
      category: text('category'),
      quantity: Math.abs(quantity),
      price: { of, minor: isReturn ? Math.abs(minor) : minor },
      discount: Math.abs(discount),
      isReturn,
      original,
      refunded: Math.abs(refunded),
    };
  };
};
