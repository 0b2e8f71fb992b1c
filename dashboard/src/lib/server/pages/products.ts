import { readProductRanking } from '@tillstream/clickhouse/questions/products/product-ranking';
import type { ProductsFigures } from '../../figures/page-figures.ts';
import { figuresPage } from './page.ts';

/** Every product of the period beside what it is compared with, of one moment. */
export const productsPage = figuresPage<ProductsFigures>('products', ({ app, scope, before, signal }) =>
  readProductRanking(app.gold, scope, before, signal),
);
