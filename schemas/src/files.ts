import { z } from 'zod';
import { UNITS } from './values/choices.ts';

/** The columns of `products_list.csv`; prices are decimals in major units. */
export const PRODUCT_COLUMNS = ['product_name', 'unit_price'] as const;

/** Columns that `products_list.csv` may have besides. */
export const OPTIONAL_PRODUCT_COLUMNS = ['category', 'unit', 'sku'] as const;

/** The columns of `branches.csv`. */
export const BRANCH_COLUMNS = ['branch_id', 'name', 'country'] as const;

/** The columns of `purchases.csv`; `items_list` is quoted and joins product names with commas. */
export const PURCHASE_COLUMNS = ['supermarket_id', 'timestamp', 'user_id', 'items_list', 'total_amount'] as const;

/** Columns that `purchases.csv` may have besides. */
export const OPTIONAL_PURCHASE_COLUMNS = ['receipt_number'] as const;

/** The columns of a reject file: the line the row began on, every reason, and the row as it stood there. */
export const REJECT_COLUMNS = ['line', 'reason', 'text'] as const;

/** Characters that belong in no name: Postgres refuses U+0000 outright, the others only ever come from broken files. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f]/;

/** Whether a text holds a control character, line breaks included. */
export const hasControlCharacter = (text: string): boolean => CONTROL_CHARACTERS.test(text);

/** A name as it is compared: however it is written, `Orange Juice` and ` orange  JUICE` are the same name. */
export const nameKey = (name: string): string => name.trim().normalize('NFC').toLowerCase().replace(/\s+/g, ' ');

/** A product's id: its name trimmed, in lower case, with `-` for spaces (`Orange Juice` → `orange-juice`). */
export const productId = (name: string): string => nameKey(name).replaceAll(' ', '-');

/** A branch's id as it is stored: trimmed and in upper case (`smkt001` → `SMKT001`). */
export const branchId = (text: string): string => text.trim().toUpperCase();

/** Whether a text, as {@link branchId} leaves it, can be a branch's id. */
export const isBranchId = (id: string): boolean => /^[A-Z0-9_-]{1,64}$/.test(id);

const name = z
  .string()
  .trim()
  .min(1, 'is empty')
  .max(100, 'is longer than 100 characters')
  .refine((text) => !hasControlCharacter(text), 'holds a control character');

/** Undefined where there is no such column, or nothing in it: then it stays as it is. */
const shortText = (most: number) =>
  z
    .string()
    .trim()
    .max(most, `is longer than ${most} characters`)
    .refine((text) => !hasControlCharacter(text), 'holds a control character')
    .transform((text) => text || undefined)
    .optional();

/** A row of `products_list.csv`, its price still as text. */
export const productRow = z.object({
  product_name: name,
  unit_price: z.string(),
  category: shortText(100),
  unit: z
    .string()
    .trim()
    .transform((text) => text || undefined)
    .pipe(z.enum(UNITS, 'must be piece or kg').optional())
    .optional(),
  sku: shortText(64),
});

/** A row of `branches.csv`. */
export const branchRow = z.object({
  branch_id: z.string().transform(branchId).refine(isBranchId, 'must be 1 to 64 letters, digits, - or _'),
  name,
  country: z
    .string()
    .trim()
    .max(100, 'is longer than 100 characters')
    .refine((text) => !hasControlCharacter(text), 'holds a control character'),
});

export type BranchRow = z.output<typeof branchRow>;
