import { readBreakdown } from '@tillstream/clickhouse/questions/breakdown/breakdown';
import { readBreakdownSeries } from '@tillstream/clickhouse/questions/breakdown/breakdown-series';
import { readProductRanking } from '@tillstream/clickhouse/questions/products/product-ranking';
import type { ProductsFigures } from '../../figures/page-figures.ts';
import { figuresPage, type PageAsk } from './page.ts';
import { pointsWithin, trendOf } from './points.ts';

/** Categories with their trend, the most revenue first; beside what they are compared with. */
const readCategories = async ({
  app: { gold, calendar },
  scope,
  before,
  now,
  signal,
}: PageAsk): Promise<Pick<ProductsFigures, 'categories' | 'by'>> => {
  const [{ rows }, then] = await Promise.all([
    readBreakdownSeries(gold, scope, { by: 'category' }, signal),
    before === undefined ? undefined : readBreakdown(gold, before, 'category', signal),
  ]);
  const revenueBefore = new Map(then?.rows.map(({ key, revenue_minor }) => [key, revenue_minor]));
  const sold = rows.map(({ day, units = 0, ...row }) => ({ ...row, units, day: Date.parse(day) / 86_400_000 }));
  const points = pointsWithin(
    sold.map(({ day }) => day),
    scope,
    { today: calendar.dayOf(now), dayOf: calendar.dayOf },
  );
  const keys = new Set([...sold.map(({ key }) => key), ...revenueBefore.keys()]);
  const categories = [...keys].map((key) => {
    const ofIt = sold.filter((row) => row.key === key);
    return {
      key,
      units: ofIt.reduce((sum, { units }) => sum + units, 0),
      revenue_minor: ofIt.reduce((sum, { revenue_minor }) => sum + revenue_minor, 0),
      revenue_before_minor: revenueBefore.get(key) ?? 0,
      trend: trendOf(ofIt, points),
    };
  });
  return { by: points.by, categories: categories.sort((a, b) => b.revenue_minor - a.revenue_minor) };
};

/** Every product and category of the period beside what it is compared with. */
export const productsPage = figuresPage<ProductsFigures>('products', async (ask) => {
  const { app, scope, before, signal } = ask;
  const [ranking, categories] = await Promise.all([
    readProductRanking(app.gold, scope, before, signal),
    readCategories(ask),
  ]);
  return { ...ranking, ...categories };
});
