import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { CHANNELS } from '@tillstream/schemas/values/choices';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { FileFault } from '../files/check-file.ts';
import { dateReader } from './values/dates.ts';

/** What a row can say of a receipt and of its line. */
const FIELDS = [
  // Of the receipt.
  'receipt_number',
  'timestamp',
  'time_zone',
  'branch',
  'country',
  'customer',
  'cashier',
  'tender',
  'channel',
  'receipt_discount',
  'net_total',
  'cancelled',
  'refunded',
  // Of the line.
  // Of a return: the number of the receipt that it is of.
  'original_receipt',
  'product',
  'sku',
  'category',
  'quantity',
  'unit_price',
  'amount',
  'discount',
  'event',
] as const;
export type Field = (typeof FIELDS)[number];

/** What is said of a receipt as a whole. */
export const RECEIPT_FIELDS = FIELDS.slice(0, FIELDS.indexOf('original_receipt'));

const name = z.string().trim().min(1);
const names = z.union([name.transform((one) => [one]), z.array(name).min(1)]);
const timeZone = name.refine((zone) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}, 'is no time zone such as Europe/Paris');
const dateFormat = name.superRefine((format, context) => {
  try {
    dateReader(format);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
});

const receiptsMap = z
  .strictObject({
    /** The column of each field; several are joined with a space. */
    columns: z.partialRecord(z.enum(FIELDS), names),
    /** What holds where the file has no such column, or nothing in it. */
    defaults: z.strictObject({ branch: name, country: name, category: name, cashier: name }).partial().default({}),
    /** Tried in this order; absent: ISO 8601. */
    date_format: z.union([dateFormat.transform((one) => [one]), z.array(dateFormat).min(1)]).optional(),
    /** Of times without an offset; absent: the shop's. */
    time_zone: timeZone.optional(),
    /** Names in the column `time_zone` that are not IANA's. */
    time_zones: z.record(z.string(), timeZone).default({}),
    decimal: z.enum(['.', ',']).default('.'),
    thousands: z.enum([',', '.', ' ', "'"]).optional(),
    /** Absent: found from the header. */
    delimiter: z.enum([',', ';', '\t', '|']).optional(),
    /** Whether fields of the receipt may be empty after its first row. */
    order_in_first_row: z.boolean().default(false),
    /** What stands in the column `event` where the row is a return. */
    return_events: z.array(name).default([]),
    channel: z.enum(CHANNELS).default('pos'),
    /** Other columns to keep with each purchase; they may name persons. */
    keep: z.union([z.literal('all'), z.array(name)]).default([]),
  })
  .superRefine(({ columns, defaults, decimal, thousands }, context) => {
    const lacks = (what: string) => context.addIssue({ code: 'custom', path: ['columns'], message: `lacks ${what}` });
    for (const field of ['receipt_number', 'timestamp', 'product', 'quantity'] as const) {
      if (columns[field] === undefined) lacks(field);
    }
    if (columns.branch === undefined && defaults.branch === undefined) lacks('branch, and so does defaults');
    if ((columns.unit_price === undefined) === (columns.amount === undefined)) {
      lacks('one of unit_price (of one) and amount (of the line), or has both');
    }
    if (decimal === thousands)
      context.addIssue({ code: 'custom', path: ['thousands'], message: 'is the decimal mark' });
  });

/** How a file of receipts is written. */
export type ReceiptsMap = z.output<typeof receiptsMap>;

const PRESET = /^[a-z][a-z-]*$/;

/**
 * Reads a map: a YAML file, or a preset by its name (`ventes`). Throws a FileFault that names the place of what is wrong.
 */
export const readMap = async (given: string): Promise<ReceiptsMap> => {
  const path = PRESET.test(given) ? new URL(`../../presets/${given}.yaml`, import.meta.url) : given;
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const what = PRESET.test(given) ? 'is no preset; a map of your own is a file such as map.yaml' : error.message;
    throw new FileFault(`${given}: ${what}`);
  });
  return parseMap(text, basename(given));
};

/** The map that a text is; see {@link readMap}. */
export const parseMap = (text: string, file: string): ReceiptsMap => {
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new FileFault(`${file}: ${error.message.split('\n')[0]}`);
  }
  const map = receiptsMap.safeParse(content);
  if (map.success) return map.data;
  const faults = map.error.issues.map(({ path, message }) => `${path.join('.') || 'the map'} ${message}`);
  throw new FileFault(`${file}: ${faults.join('; ')}`);
};
