import { readBoughtTogether } from '@tillstream/clickhouse/questions/products/bought-together';
import { type ProductSales, readProductSales } from '@tillstream/clickhouse/questions/products/product-sales';
import type { ProductFigures, ProductParts, ProductSums } from '../../figures/page-figures.ts';
import { readBranches } from '../questions/catalog/branches.ts';
import { readProduct } from '../questions/catalog/product.ts';
import { branchOnly, figuresPage, PACED, type PageAsk, partOf, sharedByView } from './page.ts';
import { pointsWithin, trendOf } from './points.ts';

/** Baskets are read from the facts of this many days at most, so that the cost is bounded. */
const BASKET_DAYS = 28;

const together = sharedByView(
  'bought together',
  async ({ app, id, scope, now, signal }) => {
    const day = app.calendar.dayOf(now);
    const from = app.calendar.dayStart(day - BASKET_DAYS + 1);
    const found = await readBoughtTogether(app.clickhouse, { ...scope, from, to: now }, { product: id }, signal);
    return { ...found, days: BASKET_DAYS };
  },
  PACED,
);

const readFigures = async ({ app, id, scope, before, now, signal }: PageAsk): Promise<ProductFigures> => {
  const { gold, clickhouse, calendar } = app;
  const [catalog, branches, byDay, byHour, byBranch, then] = await Promise.all([
    readProduct(clickhouse, id, signal),
    readBranches(clickhouse, signal),
    readProductSales(gold, scope, id, 'day', signal),
    readProductSales(gold, scope, id, 'hour', signal),
    readProductSales(gold, scope, id, 'branch', signal),
    before === undefined ? undefined : readProductSales(gold, before, id, 'branch', signal),
  ]);
  const names = new Map(branches.map(({ branch_id, branch }) => [branch_id, branch]));
  const hours = new Map(byHour.map((found) => [Number(found.key), found]));
  const sold = byDay.map(({ key, ...sums }) => ({ day: Number(key), ...sums }));
  const clock = { today: calendar.dayOf(now), dayOf: calendar.dayOf };
  const points = pointsWithin(
    sold.map(({ day }) => day),
    scope,
    clock,
  );
  const unknown =
    byDay.length === 0 ? undefined : { product_id: id, product: id, unit_price_minor: null, active: false };
  return {
    product: catalog ?? unknown,
    now: sum(byBranch),
    before: then === undefined ? undefined : sum(then),
    by: points.by,
    trend: trendOf(sold, points),
    hours: Array.from({ length: 24 }, (_, hour) => ({
      hour,
      units: hours.get(hour)?.units ?? 0,
      revenue_minor: hours.get(hour)?.revenue_minor ?? 0,
    })),
    branches: byBranch
      .map(({ key, units, revenue_minor }) => ({ branch_id: key, branch: names.get(key) ?? key, units, revenue_minor }))
      .sort((a, b) => b.units - a.units || (a.branch < b.branch ? -1 : 1)),
  };
};

const sum = (rows: ProductSales[]): ProductSums => ({
  units: rows.reduce((total, { units }) => total + units, 0),
  revenue_minor: rows.reduce((total, { revenue_minor }) => total + revenue_minor, 0),
  purchases: rows.reduce((total, { purchases }) => total + purchases, 0),
});

/** One product; what it is bought with is a part that shows its age. */
export const productPage = figuresPage<ProductFigures, ProductParts>('product', readFigures, async (id, view) => ({
  together: await partOf(together(id, branchOnly(view))),
}));
