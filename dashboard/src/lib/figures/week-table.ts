import { branches as text } from '../text/branches.ts';
import { meanOf } from '../words/findings.ts';
import type { Format } from '../words/format.ts';
import type { BranchesFigures } from './page-figures.ts';

const FIRST = { monday: 1, sunday: 7, saturday: 6 };

/** Weekdays across, in the shop's order, and the hours that sold down: mean purchases per such day in each cell. */
export const weekTable = (
  { cells, weekdays }: Pick<BranchesFigures, 'cells' | 'weekdays'>,
  weekStart: keyof typeof FIRST,
  format: Format,
) => {
  const order = Array.from({ length: 7 }, (_, index) => ((FIRST[weekStart] - 1 + index) % 7) + 1);
  const sold = cells.filter(({ purchases }) => purchases > 0).map(({ hour }) => hour);
  const [first, last] = [Math.min(...sold), Math.max(...sold)];
  const means = new Map(cells.map((cell) => [cell.weekday * 24 + cell.hour, meanOf(cell, weekdays)]));
  const most = Math.max(...means.values());
  return {
    columns: order.map((weekday) => ({ label: text.short[weekday - 1] ?? '', title: text.weekdays[weekday - 1] })),
    rows: Array.from({ length: last - first + 1 }, (_, index) => {
      const hour = first + index;
      return {
        label: `${String(hour).padStart(2, '0')}:00`,
        cells: order.map((weekday) => {
          // A weekday that the period has not had is not the same as one without a sale.
          if ((weekdays[weekday - 1] ?? 0) === 0) return undefined;
          const mean = means.get(weekday * 24 + hour) ?? 0;
          return {
            share: mean / most,
            shown: mean === 0 || mean >= 99.95 ? format.number(Math.round(mean)) : format.decimal(mean),
          };
        }),
      };
    }),
  };
};
