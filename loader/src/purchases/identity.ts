import { hash } from 'node:crypto';

/** What makes a row of a purchases file the row it is, normalised. */
export interface RowContent {
  branch_id: string;
  /** The normalised text of the time, see `ShopTime.written`. */
  written: string;
  customer_id: string | null;
  /** Product ids in the row's order. */
  items: readonly string[];
  total_minor: number;
}

/**
 * The sha256 (hex) of a row's content: the same row again, in this file or another, has the same. None of the parts
 * can hold a line break and only the last but one a comma, so two different rows never join to the same text.
 *
 * A time without a zone enters as it was written, not as an instant: whoever corrects `SHOP_TIMEZONE` and loads again
 * finds duplicates, not every sale a second time.
 */
export const contentHash = ({ branch_id, written, customer_id, items, total_minor }: RowContent): string =>
  hash('sha256', `${branch_id}\n${written}\n${customer_id ?? ''}\n${items.join(',')}\n${total_minor}`);
