import { readBranchSales } from '@tillstream/clickhouse/questions/figures/branch-sales';
import { readWeekGrid } from '@tillstream/clickhouse/questions/figures/week-grid';
import type { BranchesFigures } from '../../figures/page-figures.ts';
import { withinSales } from '../questions/sales/within-sales.ts';
import { figuresPage, type PageAsk } from './page.ts';

/** Days of each weekday, Monday first, that a period has had; of all time since the first sale. */
const weekdaysOf = async ({ app, scope, now, signal }: PageAsk): Promise<number[]> => {
  const counts = Array.from({ length: 7 }, () => 0);
  const bounded = await withinSales(app.gold, { ...scope, to: Math.min(scope.to, now) }, signal);
  if (bounded === undefined) return counts;
  const last = app.calendar.dayOf(bounded.to - 1);
  for (let day = app.calendar.dayOf(bounded.from); day <= last; day++) {
    // 1970-01-01 was a Thursday.
    const weekday = (((day + 3) % 7) + 7) % 7;
    counts[weekday] = (counts[weekday] ?? 0) + 1;
  }
  return counts;
};

/** All branches side by side, and the week of the chosen one or of the chain. */
export const branchesPage = figuresPage<BranchesFigures>(
  'branches',
  async (ask) => {
    const { app, scope, before, signal } = ask;
    const chain = (period: typeof scope) => ({ from: period.from, to: period.to });
    const [sales, grid, weekdays] = await Promise.all([
      readBranchSales(app.gold, chain(scope), before && chain(before), signal),
      readWeekGrid(app.gold, scope, signal),
      weekdaysOf(ask),
    ]);
    return { branches: sales.branches, cells: grid.cells, weekdays };
  },
  undefined,
  (figures, theirs) => ({
    ...figures,
    branches: figures.branches.filter(({ branch_id }) => theirs.includes(branch_id)),
  }),
);
