import type { Kpis } from '@tillstream/schemas/read-api';
import { text } from '../text/common.ts';
import type { Format } from './format.ts';

/** What was taken off to come to the revenue, e.g. "€120.00 less €3.50 discounts and €7.00 for 2 returns"; undefined: nothing was. */
export const revenueParts = (
  {
    gross_minor,
    discount_minor,
    returned_minor,
    returns,
  }: Pick<Kpis, 'gross_minor' | 'discount_minor' | 'returned_minor' | 'returns'>,
  format: Pick<Format, 'money' | 'number'>,
): string | undefined => {
  const less = [
    ...(discount_minor > 0 ? [text.revenue.discounts(format.money(discount_minor))] : []),
    ...(returns > 0 ? [text.revenue.returns(format.money(returned_minor), returns, format.number(returns))] : []),
  ];
  return less.length === 0 ? undefined : text.revenue.less(format.money(gross_minor), less.join(text.revenue.and));
};
