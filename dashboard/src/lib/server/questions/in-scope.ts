import { clickhouseTime } from '@tillstream/clickhouse/clickhouse-time';
import type { Scope } from '../parameters.ts';

/**
 * The condition of a {@link Scope} on gold.purchases and gold.purchase_items, for the parameters of {@link scopeParams}.
 * The slot is the sorting key and makes it cheap; sold_at makes it exact.
 */
export const IN_SCOPE = `slot >= toStartOfFifteenMinutes({from:DateTime64(3, 'UTC')}) AND slot < {to:DateTime64(3, 'UTC')}
      AND sold_at >= {from:DateTime64(3, 'UTC')} AND sold_at < {to:DateTime64(3, 'UTC')}
      AND ({branch:String} = '' OR branch_id = {branch:String})`;

export const scopeParams = ({ branch, from, to }: Scope): Record<string, unknown> => ({
  branch: branch ?? '',
  from: clickhouseTime(from),
  to: clickhouseTime(to),
});
